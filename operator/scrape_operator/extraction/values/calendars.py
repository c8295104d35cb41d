"""Years that pages count by another calendar than the Gregorian one. Called by `dates`.

By CLDR, the Buddhist calendar is the usual one in Thailand, and the Persian one in Iran and Afghanistan. Pages in
languages of Islamic countries may have years of the Hijra.
"""

import re
from typing import Final

from scrape_operator.extraction.values.languages import language_and_region
from scrape_operator.extraction.values.unreadable import Unreadable

_BUDDHIST_OFFSET: Final = 543
_FIRST_BUDDHIST_YEAR: Final = 2484
"""1941: from here on the year begins on 1 January, so that only the number differs."""
_LAST_BUDDHIST_YEAR: Final = 2742
_HIJRI_YEARS: Final = range(1200, 1600)
"""Persian and Islamic years of the last centuries and the next ones."""
_HIJRI_LANGUAGES: Final = frozenset({"ar", "ckb", "fa", "ps", "ur"})

_YEAR: Final = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])", re.ASCII)
_ISO: Final = re.compile(r"[0-9]{4}(?:-|[0-9]{2})", re.ASCII)
"""ISO 8601 has Gregorian years whatever the language is."""
_BUDDHIST_ERA: Final = re.compile(
    "\u0e1e\\.\\s?\u0e28\\.|\u0e1e\u0e38\u0e17\u0e18\u0e28\u0e31\u0e01\u0e23\u0e32\u0e0a|B\\.E\\."
)
_CHRISTIAN_ERA: Final = re.compile(
    "\u0e04\\.\\s?\u0e28\\.|\u0e04\u0e23\u0e34\u0e2a\u0e15\u0e4c\u0e28\u0e31\u0e01\u0e23\u0e32\u0e0a|\u0e04\u0e23\u0e34\u0e2a\u0e15\u0e28\u0e31\u0e01\u0e23\u0e32\u0e0a"
)
_SHORT_YEAR: Final = re.compile(
    r"(?<![0-9.:/-])[0-9]{1,2}(?:[./-][0-9]{1,2}[./-]|\s*[^\W\d][^\d:]*?)[0-9]{2}(?![0-9:.])"
)


def with_gregorian_years(text: str, language: str) -> str:
    """Return a text with its years of the Buddhist era as Gregorian ones; `language` is the BCP 47 tag of its page.

    Raises:
        Unreadable: the year may be one of another calendar.

    """
    if _BUDDHIST_ERA.search(text):
        return _YEAR.sub(_gregorian, _BUDDHIST_ERA.sub(" ", text))
    primary, _ = language_and_region(language)
    if primary == "th" and not _ISO.match(text) and not _CHRISTIAN_ERA.search(text):
        if not _YEAR.search(text) and _SHORT_YEAR.search(text):
            raise Unreadable("has a year of two digits, which may be one of the Buddhist era: use a source with four")
        return _YEAR.sub(_gregorian, text)
    is_hijri = primary in _HIJRI_LANGUAGES and any(int(year) in _HIJRI_YEARS for year in _YEAR.findall(text))
    if is_hijri and not _ISO.match(text):
        raise Unreadable("has a year that is not one of the Gregorian calendar: use a source in ISO 8601")
    return text


def _gregorian(found: re.Match[str]) -> str:
    year = int(found[0])
    is_buddhist = _FIRST_BUDDHIST_YEAR <= year <= _LAST_BUDDHIST_YEAR
    return str(year - _BUDDHIST_OFFSET) if is_buddhist else found[0]
