"""Odds: what bookmakers offer, how it changed, and which of their events are the same one."""
