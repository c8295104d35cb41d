"""Times of day beside dates, in one form: after the date, with colons, without a word before it. Called by `dates`."""

import re
from typing import Final

_WITH_YEAR: Final = re.compile(r"(?<![0-9])[12][0-9]{3}(?![0-9])", re.ASCII)
_WITH_LETTERS: Final = re.compile(
    r"(?<![0-9])([0-9]{1,2}) ?h ?([0-9]{2})(?: ?min(?: ?([0-9]{2}) ?s)?)?(?![0-9A-Za-z])", re.ASCII | re.IGNORECASE
)
_WITH_DOTS: Final = re.compile(r"(?<=[12][0-9]{3})([\s,]+)([0-9]{1,2})\.([0-9]{2})(?:\.([0-9]{2}))?$", re.ASCII)
_WORD_BEFORE: Final = re.compile(
    r"(?:(?<=[\s,])(?:um|at|\u00e0|a las|a|\u00e0s|as|alle ore|alle|ore|ora|la|o godz|godz|o|v|kl|klo|om|\u0432|\u043e"
    r"|ob|saat|pukul|l\u00fac|\u03c3\u03c4\u03b9\u03c2|\u0633\u0627\u0639\u062a)\.?|[@|\u00b7\u2022-])"
    r"\s+(?=[0-9]{1,2}[:.][0-9]{2}(?![0-9]|\.[0-9]{4}))",
    re.IGNORECASE,
)
_BEFORE_DATE: Final = re.compile(r"([0-9]{1,2}[:.][0-9]{2}(?::[0-9]{2})?)[\s,]+(?=[0-9]{1,4}[./-])(.*)", re.ASCII)


def in_order(text: str) -> str:
    """Return a text that has a year with its time after its date.

    A text without a year is returned as it is: `14h ago` and `a las 14:30` are relative to now.
    """
    if not _WITH_YEAR.search(text):
        return text
    text = _WITH_LETTERS.sub(_colons, text)
    text = _WITH_DOTS.sub(lambda found: found[1] + ":".join(filter(None, found.groups()[1:])), text)
    # dateparser does not know the words, or takes them for hours of a relative date.
    return _BEFORE_DATE.sub(r"\2 \1", _WORD_BEFORE.sub("", text))


def _colons(found: re.Match[str]) -> str:
    return ":".join(filter(None, found.groups()))
