"""Numbers as people write them, after the rules of docs/extraction.md. Called by `types`.

A text is read if it holds exactly one number, whatever words and currencies stand around it.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, NamedTuple

from scrape_operator.extraction.values.digits import ascii_digits
from scrape_operator.extraction.values.languages import of_language
from scrape_operator.extraction.values.locales import COMMA, POINT
from scrape_operator.extraction.values.unreadable import Unreadable

Mark = Literal[".", ","]

_MAX_LENGTH: Final = 1024
_MAX_DIGITS: Final = 64
_MAX_EXPONENT: Final = 400

_TRANSLATED: Final = str.maketrans(
    # Marks of direction, which languages written from right to left put beside a sign, and others of no width.
    dict.fromkeys("\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff", "")
    | dict.fromkeys("\u2066\u2067\u2068\u2069", "")
    | dict.fromkeys("\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " ")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-")
    | dict.fromkeys("\u066c\u060c\u2019\u02bc\u00b4`", "'")
    | {"\uff0c": ",", "\uff0e": "."}
)
_DECIMAL_ONLY: Final = "\u066b"
"""The Arabic decimal separator, which is never a thousands mark."""

_NUMBER: Final = re.compile(
    r"(?:[0-9]{1,3}(?: [0-9]{3})+(?![0-9])|[0-9]{1,3}(?:'[0-9]{3})+(?![0-9])|[0-9]+|(?<![\w.,])(?=[.,][0-9]))"
    rf"(?:[.,{_DECIMAL_ONLY}][0-9]+)*(?:[eE][+-]?[0-9]{{1,3}}(?!\w))?"
)
_NO_CENTS: Final = re.compile(r"([.,:]) ?(?:-{1,3}|[\u2014\u2015=])(?![0-9-])")
"""What stands for the cents of a whole price, as in 1.299,- and 1 299:- and CHF 45.\u2013, and is no minus sign."""
_CURRENCY: Final = r"(?:[^\W\d_]{0,3}[^\w\s()-] ?[^\W\d_]{0,3}\.?|[^\W\d_]{1,3})? *"
_CODES: Final = (
    "AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KES|KRW|MXN|MYR|NGN|NOK"
    "|NZD|PEN|PHP|PKR|PLN|RON|RSD|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)
_MINUS_BEFORE: Final = re.compile(
    rf"(?:(?:^|[^\w-])-|(?:^|[^\w\s-]) *- *){_CURRENCY}$|(?<!\w)(?:{_CODES})-$"  # the last as in CHF-5.10
)
_MINUS_AFTER: Final = re.compile(rf"^ *{_CURRENCY}- *{_CURRENCY}$")
_OPENED: Final = re.compile(rf"^ *{_CURRENCY}\( *[-+]?{_CURRENCY}$")
_CLOSED: Final = re.compile(rf"^ *{_CURRENCY}\) *{_CURRENCY}$")

_MARKS: Final = re.compile(r"[.,]")
_AMBIGUOUS: Final = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_ONE_MARK: Final = re.compile(rf"([0-9]*)(?:([.,{_DECIMAL_ONLY}])([0-9]+)|[.,])?")
_WHOLE: Final = re.compile(
    r"[0-9]*[.,]?|[1-9][0-9]{0,2}([.,'])[0-9]{3}(?:\1[0-9]{3})*"
    r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"  # as in India
)
_PLAIN: Final = re.compile(r"(?!-0(?:\.0*)?$)-?(?:0|[1-9][0-9]{0,17})(?:\.(?:[0-9]{1,2}|[0-9]{4,9}))?")

_MARKS_OF_LANGUAGES: Final[Mapping[str, Mark]] = {
    **dict.fromkeys(COMMA.split(), ","),
    **dict.fromkeys(POINT.split(), "."),
}


class NumberText(NamedTuple):
    """The one number of a text: its sign, its digits and marks, and its exponent (`e5`, or nothing).

    A price without cents, such as 1.299,- ends with the decimal mark, if it is certain.
    """

    is_negative: bool
    body: str
    exponent: str

    @property
    def decimal_mark(self) -> Mark | None:
        """Return the mark that must be the decimal mark, None where both may be, or there is no mark."""
        marks: list[Mark] = _MARKS.findall(self.body)
        if not marks or self.is_ambiguous:
            return None
        if len(marks) == 1 or len(set(marks)) > 1:
            return marks[-1]
        return "," if marks[-1] == "." else "."

    @property
    def is_ambiguous(self) -> bool:
        """Whether the one mark, with three digits after it, may be a decimal or a thousands mark."""
        return not self.exponent and _AMBIGUOUS.fullmatch(self.body) is not None


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
    plain = ascii_digits(text).translate(_TRANSLATED)
    found = list(_NUMBER.finditer(plain))
    if len(found) != 1:
        raise Unreadable("holds several numbers: choose one with regex" if found else "holds no number")
    before, number = plain[: found[0].start()], found[0].group()
    no_cents = _NO_CENTS.match(plain, found[0].end())
    after = plain[(no_cents or found[0]).end() :]
    is_negative = (
        _MINUS_BEFORE.search(before) is not None
        or _MINUS_AFTER.search(after) is not None
        or (_OPENED.search(before) is not None and _CLOSED.search(after) is not None)
    )
    body, e, exponent = number.replace("E", "e").replace(" ", "'").partition("e")
    if len(body) > _MAX_DIGITS:
        raise Unreadable("has too many digits")
    if no_cents and not exponent:
        body += _mark_of_cents(body, no_cents[1])
    return NumberText(is_negative, body, e + exponent)


def _mark_of_cents(body: str, mark: str) -> str:
    """Return the decimal mark of a number with a `mark` and a dash for its cents, or nothing where it is not certain.

    The marks of a whole number are thousands marks. Both 1.299,- and 1.299.- are in use, but 45,- only beside commas.
    """
    if not _WHOLE.fullmatch(body):
        return ""
    return "," if "." in body else "." if "," in body else "," if mark == "," else ""


def read_decimal(number: NumberText, *, mark: Mark | None, ambiguous: Mark | None) -> Decimal:
    """Read a number that may have thousands marks.

    Args:
        number: The number.
        mark: The decimal mark, where it is settled.
        ambiguous: The decimal mark of an ambiguous number. With None its mark is a thousands mark.

    Raises:
        Unreadable: its marks stand where the convention has none.

    """
    decimal_mark = _DECIMAL_ONLY if _DECIMAL_ONLY in number.body else mark or number.decimal_mark
    if decimal_mark is None and number.is_ambiguous and ambiguous is not None and ambiguous in number.body:
        decimal_mark = ambiguous
    whole, _, fraction = number.body.partition(decimal_mark) if decimal_mark else (number.body, "", "")
    if not (whole or fraction) or not _WHOLE.fullmatch(whole) or (fraction and not fraction.isdigit()):
        raise Unreadable("has marks where no number has them, or not those that decimalMark says")
    return _decimal(number, re.sub(r"[.,']", "", whole), fraction)


def read_plain_number(number: NumberText, *, mark: Mark | None) -> Decimal:
    """Read a number that has no thousands marks: its one mark is the decimal mark, the point unless `mark` says so.

    Raises:
        Unreadable: it has thousands marks.

    """
    found = _ONE_MARK.fullmatch(number.body)
    if found is None:
        raise Unreadable("has thousands marks: use type Decimal")
    whole, own_mark, fraction = found.groups("")
    if mark is not None and own_mark not in {"", mark, _DECIMAL_ONLY}:
        raise Unreadable("has another decimal mark than decimalMark says")
    return _decimal(number, whole, fraction)


def common_mark(numbers: Iterable[NumberText]) -> Mark | None:
    """Return the decimal mark of the unambiguous ones of some numbers, None where there is none or they differ."""
    marks = {mark for number in numbers if (mark := number.decimal_mark) is not None}
    return marks.pop() if len(marks) == 1 else None


def mark_of_language(tag: str) -> Mark | None:
    """Return the decimal mark of a language by its BCP 47 tag, None where it is not known."""
    return of_language(tag, _MARKS_OF_LANGUAGES)


def bounded_decimal(written: str) -> Decimal | None:
    """Return the decimal of plain or scientific digits; None where its exponent is beyond any use."""
    try:
        value = Decimal(written)
    except InvalidOperation:
        return None
    exponent = value.as_tuple().exponent
    bounded = isinstance(exponent, int) and abs(exponent) <= _MAX_EXPONENT and value.adjusted() <= _MAX_EXPONENT
    return value if bounded else None


def _decimal(number: NumberText, whole: str, fraction: str) -> Decimal:
    digits = f"{whole or '0'}.{fraction}" if fraction else whole
    value = bounded_decimal(f"{'-' if number.is_negative else ''}{digits}{number.exponent}")
    if value is None:
        raise Unreadable("is beyond what a number may be")
    return value or abs(value)
