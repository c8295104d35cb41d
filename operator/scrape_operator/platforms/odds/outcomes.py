"""Reads outcomes from the labels that bookmakers print: `1`, `Home`, `Over 2.5`, `X2`, `1/X`, `2:1`.

Ids of outcomes are known for the main markets only. Labels identify the rest, and contradict an id that was reused.
"""

import re
from functools import lru_cache

from scrape_operator.platforms.odds.markets import OutcomeKind

OTHER = "other"

_SIDES = {"1": "home", "home": "home", "x": "draw", "draw": "draw", "2": "away", "away": "away"}
_DOUBLE = {
    "1x": "home_draw",
    "home or draw": "home_draw",
    "12": "home_away",
    "home or away": "home_away",
    "x2": "draw_away",
    "draw or away": "draw_away",
}
_LABELS: dict[OutcomeKind, dict[str, str]] = {
    OutcomeKind.THREE_WAY: _SIDES,
    OutcomeKind.TWO_WAY: {label: side for label, side in _SIDES.items() if side != "draw"},
    OutcomeKind.DRAW_AWAY: {label: side for label, side in _SIDES.items() if side != "home"},
    OutcomeKind.HOME_DRAW: {label: side for label, side in _SIDES.items() if side != "away"},
    OutcomeKind.SIDES_OR_NONE: {
        **{label: side for label, side in _SIDES.items() if side != "draw"},
        **dict.fromkeys(("x", "none", "no goal"), "none"),
    },
    OutcomeKind.OVER_UNDER: {"over": "over", "o": "over", "under": "under", "u": "under"},
    OutcomeKind.YES_NO: {"yes": "yes", "y": "yes", "gg": "yes", "no": "no", "n": "no", "ng": "no"},
    OutcomeKind.ODD_EVEN: {"odd": "odd", "od": "odd", "even": "even", "ev": "even"},
    OutcomeKind.DOUBLE_CHANCE: _DOUBLE,
}
_OTHERS = frozenset({"oth", "other", "others", "any other", "any other score"})
_SCORE = re.compile(r"([0-9]{1,2}) ?[:-] ?([0-9]{1,2})", re.ASCII)
_LINE_AT_END = re.compile(r" +[+-]?[0-9]+(\.[0-9]+)?$| *\(([+-]?[0-9]+(\.[0-9]+)?|[0-9]+:[0-9]+)\)$", re.ASCII)
_MAX_LABEL = 64


@lru_cache(maxsize=4096)
def read_outcome(label: str, kind: OutcomeKind) -> str | None:
    """Return the canonical name of an outcome, or None where the label is none of its kind."""
    text = label.strip().lower()
    if len(text) > _MAX_LABEL:
        return None
    if kind is OutcomeKind.SCORE:
        return _score(text)
    if kind is OutcomeKind.HALF_FULL:
        return _half_full(text)
    labels = _LABELS[kind]
    return labels.get(text) or labels.get(_LINE_AT_END.sub("", text))


def _score(text: str) -> str | None:
    if text in _OTHERS:
        return OTHER
    match = _SCORE.fullmatch(text)
    return f"{int(match[1])}:{int(match[2])}" if match else None


def _half_full(text: str) -> str | None:
    half, separator, full = text.replace("-", "/").partition("/")
    sides = _SIDES.get(half.strip()), _SIDES.get(full.strip())
    return "/".join(side or "" for side in sides) if separator and all(sides) else None


def read_label_line(label: str) -> str | None:
    """Return the line at the end of a label: `2.5` of "Over 2.5", `0:1` of "Home (0:1)"; None where there is none."""
    text = label.strip()
    match = _LINE_AT_END.search(text) if len(text) <= _MAX_LABEL else None
    return match[0].strip(" ()") if match else None
