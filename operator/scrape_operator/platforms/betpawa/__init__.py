"""betPawa: prematch odds from the API behind its sites. `adapter` walks it, `parsing` reads it."""
