"""Numbers as people write them, after the rules of docs/extraction.md. Called by `types`.

A text is read if it holds exactly one number, whatever words and currencies stand around it.
"""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, NamedTuple

from scrape_operator.extraction.values.locales import COMMA_LANGUAGES, COMMA_REGIONS, POINT_REGIONS
from scrape_operator.extraction.values.unreadable import Unreadable

Mark = Literal[".", ","]

_MAX_LENGTH: Final = 1024
_MAX_DIGITS: Final = 64
_MAX_EXPONENT: Final = 400
_THOUSAND_DIGITS: Final = 3
_LAKH_DIGITS: Final = 2

_SPACES: Final = " \u00a0\u2007\u2009\u202f"
_TRANSLATED: Final = str.maketrans(
    {
        "\u2212": "-",
        "\u2013": "-",
        "\uff0d": "-",
        "\u066b": "\u066b",
        "\u066c": "'",
        "\u2019": "'",
        "\u02bc": "'",
        "\uff0c": ",",
        "\uff0e": ".",
    }
)
_DECIMAL_ONLY: Final = "\u066b"
"""The Arabic decimal separator, which is never a thousands mark."""

_NUMBER: Final = re.compile(
    rf"(?:[0-9]{{1,3}}(?:[{_SPACES}][0-9]{{3}})+(?![0-9])|[0-9]{{1,3}}(?:'[0-9]{{3}})+(?![0-9])|[0-9]+|(?<![\w.,])(?=[.,][0-9]))"
    rf"(?:[.,{_DECIMAL_ONLY}][0-9]+)*(?:[eE][+-]?[0-9]{{1,3}}(?!\w))?"
)
_NO_CENTS: Final = re.compile(r"(?<=[0-9])[.,](?:--?|\u2014)(?![0-9-])")
_CURRENCY: Final = rf"(?:[A-Za-z]{{0,3}}[^\w\s()-]|[A-Za-z]{{1,3}})?[{_SPACES}]*"
_MINUS_BEFORE: Final = re.compile(
    rf"(?:(?:^|[^\w{_SPACES}-]|[{_SPACES}])-|(?:^|[^\w\s-])[{_SPACES}]*-[{_SPACES}]*){_CURRENCY}$"
)
_MINUS_AFTER: Final = re.compile(rf"^[{_SPACES}]*{_CURRENCY}-[{_SPACES}]*{_CURRENCY}$")
_OPENED: Final = re.compile(rf"^[{_SPACES}]*{_CURRENCY}\([{_SPACES}]*[-+]?{_CURRENCY}$")
_CLOSED: Final = re.compile(rf"^[{_SPACES}]*{_CURRENCY}\)[{_SPACES}]*{_CURRENCY}$")
_COMMA_TAGS: Final = frozenset(f"{COMMA_LANGUAGES} {COMMA_REGIONS}".split())
_POINT_REGIONS: Final = frozenset(POINT_REGIONS.split())
_PLAIN: Final = re.compile(r"(?!-0(?:\.0*)?$)-?(?:0|[1-9][0-9]{0,17})(?:\.(?:[0-9]{1,2}|[0-9]{4,9}))?")


class NumberText(NamedTuple):
    """The one number of a text: its sign, its digits and marks, and its exponent (`e5`, or nothing)."""

    is_negative: bool
    body: str
    exponent: str

    @property
    def decimal_mark(self) -> Mark | None:
        """Return the mark that must be the decimal mark, None where both may be, or there is no mark."""
        body = self.body.replace("'", "")
        points, commas = body.count("."), body.count(",")
        if points and commas:
            return "." if body.rfind(".") > body.rfind(",") else ","
        if points + commas == 0 or self.is_ambiguous:
            return None
        mark: Mark = "." if points else ","
        other: Mark = "," if points else "."
        return mark if points + commas == 1 else other

    @property
    def is_ambiguous(self) -> bool:
        """Whether the one mark, with three digits after it, may be a decimal or a thousands mark."""
        whole, mark, fraction = _split_at_mark(self.body)
        return (
            mark != ""
            and len(fraction) == _THOUSAND_DIGITS
            and fraction.isdigit()
            and 1 <= len(whole) <= _THOUSAND_DIGITS
            and whole.isdigit()
            and whole[0] != "0"
            and not self.exponent
        )


def is_plain(text: str) -> bool:
    """Whether a text is a number that a Decimal writes in the same way, and that no convention reads otherwise."""
    return _PLAIN.fullmatch(text) is not None


def find_number(text: str) -> NumberText:
    """Find the one number of a text.

    Raises:
        Unreadable: it holds none, or several.

    """
    if len(text) > _MAX_LENGTH:
        raise Unreadable("is too long for a number: choose the number with regex")
    plain = _NO_CENTS.sub("", _ascii_digits(text).translate(_TRANSLATED))
    found = list(_NUMBER.finditer(plain))
    if len(found) != 1:
        raise Unreadable("holds several numbers: choose one with regex" if found else "holds no number")
    before, number, after = plain[: found[0].start()], found[0].group(), plain[found[0].end() :]
    is_negative = (
        _MINUS_BEFORE.search(before) is not None
        or _MINUS_AFTER.search(after) is not None
        or (_OPENED.search(before) is not None and _CLOSED.search(after) is not None)
    )
    body, e, exponent = number.replace("E", "e").partition("e")
    if len(body) > _MAX_DIGITS:
        raise Unreadable("has too many digits")
    for space in _SPACES:
        body = body.replace(space, "'")
    return NumberText(is_negative, body, e + exponent)


def read_decimal(number: NumberText, *, mark: Mark | None, ambiguous: Mark | None) -> Decimal:
    """Read a number that may have thousands marks.

    Args:
        number: The number.
        mark: The decimal mark, where it is settled.
        ambiguous: The decimal mark of an ambiguous number. With None its mark is a thousands mark.

    Raises:
        Unreadable: its marks stand where the convention has none.

    """
    decimal_mark = mark or number.decimal_mark
    if mark is None and number.is_ambiguous:
        decimal_mark = ambiguous if ambiguous is not None and ambiguous in number.body else None
    return _decimal(number, *_split(number.body, decimal_mark))


def read_plain_number(number: NumberText, *, mark: Mark | None) -> Decimal:
    """Read a number that has no thousands marks: its one mark is the decimal mark, the point unless `mark` says so.

    Raises:
        Unreadable: it has thousands marks.

    """
    whole, found, fraction = _split_at_mark(number.body)
    if (not whole.isdigit() and whole) or (found and not fraction.isdigit()):
        raise Unreadable("has thousands marks: use type Decimal")
    if mark is not None and found not in {"", mark, _DECIMAL_ONLY}:
        raise Unreadable("has another decimal mark than decimalMark says")
    return _decimal(number, whole, fraction)


def common_mark(numbers: Iterable[NumberText]) -> Mark | None:
    """Return the decimal mark of the unambiguous ones of some numbers, None where there is none or they differ."""
    marks = {mark for number in numbers if (mark := number.decimal_mark) is not None}
    return marks.pop() if len(marks) == 1 else None


def mark_of_language(tag: str) -> Mark | None:
    """Return the decimal mark of a language by its BCP 47 tag, None where the tag is none."""
    tag = tag.replace("_", "-").lower()
    language = tag.partition("-")[0]
    if not language.isalpha():
        return None
    is_comma = tag in _COMMA_TAGS or (language in _COMMA_TAGS and tag not in _POINT_REGIONS)
    return "," if is_comma else "."


def bounded_decimal(written: str) -> Decimal | None:
    """Return the decimal of plain or scientific digits; None where its exponent is beyond any use."""
    try:
        value = Decimal(written)
    except InvalidOperation:
        return None
    exponent = value.as_tuple().exponent
    bounded = isinstance(exponent, int) and abs(exponent) <= _MAX_EXPONENT and value.adjusted() <= _MAX_EXPONENT
    return value if bounded else None


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def _split_at_mark(body: str) -> tuple[str, str, str]:
    """Split at the first mark: what stands before it, the mark, and what stands after it."""
    for position, char in enumerate(body):
        if char in {".", ",", _DECIMAL_ONLY}:
            return body[:position], char, body[position + 1 :]
    return body, "", ""


def _split(body: str, decimal_mark: Mark | None) -> tuple[str, str]:
    """Return the digits before and after the decimal mark. Raises Unreadable."""
    mark = _DECIMAL_ONLY if _DECIMAL_ONLY in body else decimal_mark
    whole, _, fraction = body.partition(mark) if mark else (body, "", "")
    separators = {char for char in whole if not char.isdigit()}
    if (fraction and not fraction.isdigit()) or len(separators) > 1 or not (whole or fraction):
        raise Unreadable("has marks where no number has them")
    for separator in separators:
        if not _is_grouped(whole.split(separator), may_be_lakh=separator == ","):
            raise Unreadable("has marks where no number has them, or not those that decimalMark says")
        whole = whole.replace(separator, "")
    return whole, fraction


def _is_grouped(groups: list[str], *, may_be_lakh: bool) -> bool:
    """Whether groups are three digits long, or two before the last three as in India."""
    first, *middle, last = groups
    if len(last) != _THOUSAND_DIGITS or not first or first.startswith("0"):
        return False
    sizes = {len(group) for group in middle}
    if sizes <= {_THOUSAND_DIGITS}:
        return len(first) <= _THOUSAND_DIGITS
    return may_be_lakh and sizes == {_LAKH_DIGITS} and len(first) <= _LAKH_DIGITS


def _decimal(number: NumberText, whole: str, fraction: str) -> Decimal:
    digits = f"{whole or '0'}.{fraction}" if fraction else whole
    value = bounded_decimal(f"{'-' if number.is_negative else ''}{digits}{number.exponent}")
    if value is None:
        raise Unreadable("is beyond what a number may be")
    return value or abs(value)
