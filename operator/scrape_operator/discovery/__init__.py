"""Proposes a schedule for a document: what the verb `init` does."""
