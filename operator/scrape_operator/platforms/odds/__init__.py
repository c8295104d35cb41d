"""The odds vocabulary that bookmakers share: markets, lines, outcomes, prices, events. Pure."""
