"""Reads items from documents: formats, selectors, types, and the processes that parse documents."""
