"""Describes the installed platforms for `platforms`."""

from collections.abc import Sequence

import orjson

from scrape_operator.platforms.registry import PlatformRegistry


def describe_platforms(registry: PlatformRegistry) -> tuple[str, Sequence[str]]:
    """Return the JSON schemas by name, and a line for each adapter that is installed but cannot be loaded."""
    schemas = orjson.dumps(registry.schemas(), option=orjson.OPT_INDENT_2).decode()
    return schemas, [f"{broken.name} ({broken.source}): {broken.problem}" for broken in registry.broken]
