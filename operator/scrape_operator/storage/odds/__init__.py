"""Odds: what bookmakers offer for which event, how it changed, and whose events are the same one."""
