"""Zone abbreviations and offsets after the time of day. Called by `dates`.

An abbreviation is read if RFC 2822 defines it, or if it means one offset in practice. Others, such as IST and AST, mean
several, and a date with one of them is missing.
"""

import re
from datetime import timedelta, timezone
from typing import Final

from scrape_operator.extraction.values.unreadable import Unreadable

_OFFSETS: Final = {
    **dict.fromkeys(("Z", "UT", "UTC", "GMT", "WET"), "+00:00"),
    "EST": "-05:00",
    "EDT": "-04:00",
    "CST": "-06:00",
    "CDT": "-05:00",
    "MST": "-07:00",
    "MDT": "-06:00",
    "PST": "-08:00",
    "PDT": "-07:00",
    "AKST": "-09:00",
    "AKDT": "-08:00",
    "HST": "-10:00",
    "NST": "-03:30",
    "NDT": "-02:30",
    "BRT": "-03:00",
    "ART": "-03:00",
    "UYT": "-03:00",
    "PYT": "-03:00",
    "WEST": "+01:00",
    "CET": "+01:00",
    "MEZ": "+01:00",
    "CEST": "+02:00",
    "MESZ": "+02:00",
    "EET": "+02:00",
    "EEST": "+03:00",
    "MSK": "+03:00",
    "TRT": "+03:00",
    "WAT": "+01:00",
    "CAT": "+02:00",
    "SAST": "+02:00",
    "EAT": "+03:00",
    "PKT": "+05:00",
    "NPT": "+05:45",
    "ICT": "+07:00",
    "WIB": "+07:00",
    "WITA": "+08:00",
    "WIT": "+09:00",
    "HKT": "+08:00",
    "SGT": "+08:00",
    "AWST": "+08:00",
    "JST": "+09:00",
    "KST": "+09:00",
    "ACST": "+09:30",
    "ACDT": "+10:30",
    "AEST": "+10:00",
    "AEDT": "+11:00",
    "NZST": "+12:00",
    "NZDT": "+13:00",
}
_TIME: Final = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:\s*[AaPp]\.?[Mm]\b\.?)?"
_OFFSET: Final = r"[+-](?:[01][0-9]|[0-9])(?::?[0-5][0-9])?(?![0-9:])"
_AFTER_TIME: Final = re.compile(
    rf"(?P<time>{_TIME}|(?<=[0-9]T)[0-9]{{4}}(?:[0-9]{{2}})?)\s*"
    rf"(?:(?P<open>\()?(?P<name>[A-Z]{{1,5}})(?![\w.])(?(open)\)))?\s*(?P<offset>{_OFFSET})?"
    r"(?:\s*\((?P<comment>[^()]*)\))?"
)
_PARTS: Final = re.compile(r"([+-])([0-9]{1,2}):?([0-9]{2})?")
_NAMED_FIRST: Final = frozenset({"UTC", "GMT", "UT", "Z", ""})


def split_zone(text: str) -> tuple[str, timezone | None]:
    """Take the zone out of a text: return the rest, and the zone or None where the text names none.

    Raises:
        Unreadable: the zone's abbreviation means several offsets, or none.

    """
    found = _AFTER_TIME.search(text)
    if found is None:
        return text, None
    name, offset, comment = found["name"] or "", found["offset"], found["comment"]
    rest = f"{text[: found.end('time')]} {text[found.end() :].strip()}".strip()
    if offset is not None and (name in _NAMED_FIRST or name in _OFFSETS):
        return rest, _zone(offset)
    if not name and comment and comment.isupper() and comment.isalpha():
        name = comment
    if not name:
        return (text, None) if comment is None else (rest, None)
    if name not in _OFFSETS:
        raise Unreadable(f"names the zone {name}, which means several offsets or none: use a source with an offset")
    return rest, _zone(_OFFSETS[name])


def is_known_zone(name: str | None, offset: timedelta | None) -> bool:
    """Whether a zone that a library found in a text is one of those that are read; so is no zone at all."""
    if name is None or offset is None:
        return offset is None
    known = _OFFSETS.get(name.upper())
    return name.upper().startswith(("UTC", "GMT")) or (known is not None and _zone(known).utcoffset(None) == offset)


def _zone(offset: str) -> timezone:
    found = _PARTS.fullmatch(offset)
    if found is None:
        raise Unreadable("")
    sign, hours, minutes = found.groups()
    delta = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-delta if sign == "-" else delta)
