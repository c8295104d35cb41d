"""Slots: what a run is for. A slot runs at most once, since its text is unique for each schedule in the database."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.times import rfc3339

MANUAL_PREFIX = "manual:"
FIRST_PREFIX = "generation:"
SECRETS_PREFIX = "secrets:"
REPLAY_PREFIX = "replay:"

_GENERATION = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Due:
    """A due time of the schedule."""

    time: datetime


@dataclass(frozen=True, slots=True)
class Manual:
    """A request for a run, identified by its token."""

    token: str


@dataclass(frozen=True, slots=True)
class First:
    """The run that starts at once for a new or corrected spec, identified by the generation of the spec."""

    generation: int


@dataclass(frozen=True, slots=True)
class SecretsFound:
    """The run that starts at once when Secrets can be read that an earlier run did not find, identified by that run."""

    run: UUID


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay of an earlier run from its kept responses. `run` is the replay's own id: a run may be replayed again."""

    source: UUID
    run: UUID


Slot = Due | Manual | First | SecretsFound | Replay


def format_slot(slot: Slot) -> str:
    """Return the text of a slot: RFC 3339 UTC with milliseconds, or an identifier after a prefix."""
    match slot:
        case Due(time):
            return rfc3339(time, "milliseconds")
        case Manual(token):
            return MANUAL_PREFIX + token
        case First(generation):
            return f"{FIRST_PREFIX}{generation}"
        case SecretsFound(run):
            return f"{SECRETS_PREFIX}{run}"
        case Replay(source, run):
            return f"{REPLAY_PREFIX}{source}:{run}"


def digest_token(token: str) -> str:
    """Return a short text that identifies a token: many are remembered for each schedule."""
    return blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def parse_slot(text: str) -> Slot:
    """Return the slot that `format_slot` wrote as `text`.

    Raises:
        InvalidValue: The text is not the text of a slot.

    """
    if text.startswith(MANUAL_PREFIX):
        return Manual(text.removeprefix(MANUAL_PREFIX))
    generation = text.removeprefix(FIRST_PREFIX)
    if generation != text and _GENERATION.fullmatch(generation):
        return First(int(generation))
    if text.startswith(SECRETS_PREFIX):
        return SecretsFound(_parse_id(text, text.removeprefix(SECRETS_PREFIX)))
    if text.startswith(REPLAY_PREFIX):
        source, _, run = text.removeprefix(REPLAY_PREFIX).partition(":")
        return Replay(_parse_id(text, source), _parse_id(text, run))
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise InvalidValue(f"{text[:64]!r} is not the text of a slot")
    return Due(time.astimezone(UTC))


def _parse_id(slot: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidValue(f"{slot[:96]!r} is not the text of a slot") from error
