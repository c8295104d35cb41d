"""Run identifiers: UUID version 7 (RFC 9562 section 5.7), so that they sort by time."""

from datetime import datetime
from random import Random, SystemRandom
from uuid import UUID

_random = Random(SystemRandom().getrandbits(256))  # noqa: S311 -- ids are unique, not secret; no system call for each


def uuid7(at: datetime) -> UUID:
    """Make a UUIDv7 for the instant `at`: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    value = (milliseconds << 80) | _random.getrandbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    return UUID(int=value & ~(0x3 << 62) | (0x2 << 62))
