"""Betting odds in one vocabulary, and the matching of events across bookmakers."""
