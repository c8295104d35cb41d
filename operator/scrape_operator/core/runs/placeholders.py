"""`{scheduledFor}` in a target's request: the due time of the run, filled in for each of its requests.

In the URL and the parameters every brace means something. In headers and bodies all other braces stand for themselves.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.times import rfc3339

_NAME = "scheduledFor"
_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")
_EMBEDDED = re.compile(r"(?<!\{)\{scheduledFor(?::[^{}]*)?\}")
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_SHOWN = 40

# strftime(3) leaves some of these to the platform and %s to its local time, so they are spelled out.
_DIRECTIVES: dict[str, Callable[[datetime], str]] = {
    "Y": lambda at: f"{at.year:04d}",
    "y": lambda at: f"{at.year % 100:02d}",
    "m": lambda at: f"{at.month:02d}",
    "d": lambda at: f"{at.day:02d}",
    "H": lambda at: f"{at.hour:02d}",
    "M": lambda at: f"{at.minute:02d}",
    "S": lambda at: f"{at.second:02d}",
    "j": lambda at: f"{at.timetuple().tm_yday:03d}",
    "G": lambda at: f"{at.isocalendar().year:04d}",
    "V": lambda at: f"{at.isocalendar().week:02d}",
    "u": lambda at: str(at.isoweekday()),
    "s": lambda at: str(int(at.timestamp())),
}


def check(template: str) -> None:
    """Check that every brace of a template means something.

    Raises:
        InvalidValue: an unknown placeholder or directive, or a single brace; the message says how to write it.

    """
    for piece in _PIECE.findall(template):
        if piece in {"{", "}"}:
            raise InvalidValue(f"a single {piece} means nothing: write {piece * 2} for a literal brace")
        if piece[0] == "{" and piece != "{{":
            _check_placeholder(piece)


def is_template(text: str) -> bool:
    """Whether `render` may give anything but the text itself."""
    return "{" in text or "}" in text


def render(template: str, scheduled_for: datetime, zone: ZoneInfo) -> str:
    """Fill in the due time.

    `{scheduledFor}` is RFC 3339 in UTC, to the second; `{scheduledFor:%Y-%m-%d}` is in `zone`; `{{` and `}}` are
    literal braces.

    Raises:
        InvalidValue: as `check`.

    """
    if not is_template(template):
        return template
    check(template)
    return "".join(_pieces(template, scheduled_for, scheduled_for.astimezone(zone)))


def check_embedded(text: str) -> None:
    """Check the placeholders of a text in which all other braces stand for themselves, such as a JSON or GraphQL body.

    Raises:
        InvalidValue: an unknown directive; the message names the known ones.

    """
    for found in _EMBEDDED.findall(text):
        _check_placeholder(found)


def render_embedded(text: str, scheduled_for: datetime, zone: ZoneInfo) -> str:
    """Fill in the due time for each `{scheduledFor}` that is not in double braces; all other braces stay."""
    local = scheduled_for.astimezone(zone)
    return _EMBEDDED.sub(lambda found: "".join(_pieces(found[0], scheduled_for, local)), text)


def _check_placeholder(piece: str) -> None:
    name, colon, text = piece[1:-1].partition(":")
    if name != _NAME or (colon and not text):
        raise InvalidValue(
            f"{piece[:_SHOWN]!r} is no placeholder: write {{scheduledFor}} or {{scheduledFor:%Y-%m-%d}}, "
            "or {{ and }} for literal braces"
        )
    for letter in _DIRECTIVE.findall(text):
        if letter not in _DIRECTIVES:
            known = " ".join(f"%{known}" for known in _DIRECTIVES)
            raise InvalidValue(f"%{letter} is not known in a placeholder: use {known}")


def _pieces(template: str, scheduled_for: datetime, local: datetime) -> Iterator[str]:
    for piece in _PIECE.findall(template):
        if piece in {"{{", "}}"}:
            yield piece[:1]
        elif piece[0] != "{":
            yield piece
        elif ":" in piece:
            yield _DIRECTIVE.sub(lambda found: _DIRECTIVES[found[1]](local), piece[len(_NAME) + 2 : -1])
        else:
            yield rfc3339(scheduled_for)
