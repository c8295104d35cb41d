"""Run identifiers: UUID version 7 (RFC 9562 section 5.7), so that they sort by time."""

import secrets
from datetime import datetime
from uuid import UUID

from scrape_operator.core.errors import InvalidValue


def uuid7(at: datetime) -> UUID:
    """Return a UUIDv7 for the instant `at`: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    value = (milliseconds << 80) | secrets.randbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    return UUID(int=value & ~(0x3 << 62) | (0x2 << 62))


def parse_run_id(text: str) -> UUID:
    """Return the identifier of a run. Raises InvalidValue for a text that is none."""
    try:
        return UUID(text.removeprefix("run="))
    except ValueError as error:
        raise InvalidValue(f"{text[:64]!r} is no ID of a run: copy it from runs or from status.history") from error
