"""Names of objects. They are reversible, so that a row is found by its primary key."""

import re
from functools import cache
from itertools import product
from uuid import UUID

from scrape_operator.core.reading import RunRow
from scrape_operator.core.results import StoredItem

ID_LENGTH = 26
"""Characters of a UUID in base32."""

_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
"""Base32 of RFC 4648, in small letters."""

_PAIRS = tuple(map("".join, product(_DIGITS, repeat=2)))
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_SHIFTS = range(120, -1, -10)
"""26 digits have 130 bits: two more than a UUID, which end the last digit."""

_RUN_NAME = re.compile(rf"(?P<schedule>.+)-(?P<id>[a-z2-7]{{{ID_LENGTH}}})")
_ITEM_NAME = re.compile(r"(?P<schedule>.+)-(?P<id>[1-9][0-9]{0,17})")


def run_name(schedule: str, run_id: UUID) -> str:
    """Return the name of a run: `<schedule>-<base32 UUID>`. Three times as fast as with `base64`."""
    bits = run_id.int << 2
    return f"{schedule}-{''.join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])}"


def name_of_run(run: RunRow) -> str:
    """Return the name of a run's row."""
    return run_name(run.name, run.id)


def parse_run_name(name: str) -> tuple[str, UUID] | None:
    """Return schedule and ID of a name, or None if no run can have it."""
    found = _RUN_NAME.fullmatch(name)
    if found is None:
        return None
    bits = 0
    for digit in found["id"]:
        bits = bits << 5 | _VALUES[digit]
    return None if bits & 3 else (found["schedule"], UUID(int=bits >> 2))


def name_of_item(stored: StoredItem) -> str:
    """Return the name of an item: `<schedule>-<row>`."""
    return f"{stored.item.name}-{stored.id}"


def parse_item_name(name: str) -> tuple[str, int] | None:
    """Return schedule and row of a name, or None if no item can have it."""
    found = _ITEM_NAME.fullmatch(name)
    return None if found is None else (found["schedule"], int(found["id"]))


@cache
def phase_of(status: str) -> str:
    """Return a stored status as Kubernetes writes phases: `PARTIALLY_SUCCEEDED` is `PartiallySucceeded`."""
    return "".join(word.capitalize() for word in status.split("_"))


def status_of(phase: str) -> str:
    """Return the stored status of a phase."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", phase).upper()
