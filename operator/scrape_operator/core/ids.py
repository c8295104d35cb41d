"""Run identifiers: UUID version 7 (RFC 9562 section 5.7), so that they sort by time."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scrape_operator.core.errors import InvalidValue

LENGTH = 32
_RANDOM_BYTES = 10
_AT_ONCE = 256
_DIGITS = re.compile(r"[0-9a-f]{1,32}")


@dataclass(frozen=True, slots=True)
class RunIDs:
    """The identifiers that begin with some hexadecimal digits: a single one where there are 32 of them."""

    digits: str

    @property
    def is_whole(self) -> bool:
        """Return whether the digits are a whole identifier."""
        return len(self.digits) == LENGTH

    @property
    def first(self) -> UUID:
        """Return the smallest of the identifiers."""
        return UUID(self.digits.ljust(LENGTH, "0"))

    @property
    def last(self) -> UUID:
        """Return the greatest of the identifiers."""
        return UUID(self.digits.ljust(LENGTH, "f"))

    def __str__(self) -> str:
        return str(self.first) if self.is_whole else self.digits


_pool: list[int] = []
"""Random numbers for the next identifiers: a system call for each costs more than all the rest of it."""


def _random_bits() -> int:
    """Return 80 random bits."""
    try:
        return _pool.pop()
    except IndexError:
        block = secrets.token_bytes(_RANDOM_BYTES * _AT_ONCE)
        numbers = [int.from_bytes(block[at : at + _RANDOM_BYTES]) for at in range(0, len(block), _RANDOM_BYTES)]
        _pool.extend(numbers[1:])
        return numbers[0]


def uuid7(at: datetime) -> UUID:
    """Return a UUIDv7 for the instant `at`: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    value = (milliseconds << 80) | _random_bits()
    value = value & ~(0xF << 76) | (0x7 << 76)
    return UUID(int=value & ~(0x3 << 62) | (0x2 << 62))


def parse_run_ids(text: str) -> RunIDs:
    """Return the identifiers of runs that begin with a text. Raises InvalidValue for a text with which none begins."""
    digits = text.removeprefix("run=").replace("-", "").lower()
    if not _DIGITS.fullmatch(digits):
        raise InvalidValue(f"{text[:64]!r} is no ID of a run: copy it from runs or from status.history")
    return RunIDs(digits)
