"""Bet9ja: prematch odds from the API behind its site. `adapter` walks it, `parsing` reads it."""
