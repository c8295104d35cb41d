"""The composition root: Settings to App, closed by one AsyncExitStack."""
