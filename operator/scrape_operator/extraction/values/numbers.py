"""Numbers as people write them: thousands and decimal marks of either convention, currency signs. Called by `types`."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Final

_MAX_LENGTH: Final = 64
_MAX_EXPONENT: Final = 400

_ISO_4217: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD "
    "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
    "USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
_SIGNS_IN_LETTERS: Final = "kr kr. zł Kč Ft lei лв лв. руб руб. грн Fr. SFr. Rs Rs. Rp Rp. RM Tk Sh KSh"  # noqa: RUF001 -- Cyrillic is meant
_CURRENCIES: Final = frozenset((_ISO_4217 + " " + _SIGNS_IN_LETTERS).lower().split())
_SIGN_WITH_LETTERS: Final = re.compile(r"[A-Za-z]{0,3}\$|R\$", re.ASCII)

_SPACES: Final = " \u00a0\u2007\u2009\u202f"
_APOSTROPHES: Final = "'\u2019"
_MARKS: Final = str.maketrans(
    {"\u066b": ".", "\u066c": "'", "\u060c": ",", "\u2212": "-", "\u2013": "-", "\uff0c": ","}
)
_BODY: Final = re.compile(rf"[0-9.,][0-9.,{_SPACES}{_APOSTROPHES}]*(?:[eE][+-]?[0-9]{{1,3}})?")
_WITH_POINT: Final = r"-?[0-9]{1,18}(?:\.(?:[0-9]{1,2}|[0-9]{4,9}))?|-?[0-9]{1,3}(?:,[0-9]{3}){1,6}\.[0-9]{1,9}"
_WITH_COMMA: Final = r"-?[0-9]{1,18},[0-9]{1,2}|-?[0-9]{1,3}(?:\.[0-9]{3}){1,6},[0-9]{1,9}"
_EITHER: Final = f"({_WITH_POINT}|{_WITH_COMMA})"
_PLAIN: Final = re.compile(rf"(?:[$\u20ac\u00a3][ \u00a0]?)?{_EITHER}|{_EITHER}[ \u00a0]?[$\u20ac\u00a3]")
"""What most numbers look like, and what every language reads in the same way."""
_PLAINEST: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.(?:[0-9]{1,2}|[0-9]{4,9}))?")
_SCIENTIFIC: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]{1,3}")
_NO_CENTS: Final = re.compile(r"(?<=[0-9])[.,](?:-{1,2}|\u2014)(?=\D*$)")

_COMMA_LANGUAGES: Final = frozenset(
    {"af", "ast", "az", "be", "bg", "br", "bs", "ca", "cs", "da", "de", "el", "eo", "es", "et", "eu", "fi", "fo"}
    | {"fr", "fur", "fy", "gl", "hr", "hu", "hy", "id", "is", "it", "ka", "kk", "kl", "ky", "lb", "lt", "lv", "mk"}
    | {"nb", "nl", "nn", "no", "oc", "pl", "pt", "ro", "ru", "rw", "se", "sk", "sl", "sq", "sr", "sv", "tk", "tr"}
    | {"tt", "uk", "uz", "vi", "wo"}
)
_POINT_REGIONS: Final = frozenset(
    {"es-mx", "es-us", "es-pr", "es-gt", "es-hn", "es-ni", "es-pa", "es-pe", "es-sv", "es-do"}
    | {"de-ch", "de-li", "it-ch"}
)
"""Regions that write a point although their language's other regions write a comma (CLDR, symbols/decimal)."""


def decimal_mark(language: str) -> str | None:
    """Give the decimal mark of a BCP 47 language tag; None where no language is known."""
    tag = language.replace("_", "-").lower()
    primary = tag.partition("-")[0]
    if not primary.isalpha():
        return None
    return "," if primary in _COMMA_LANGUAGES and tag not in _POINT_REGIONS else "."


def parse_number(text: str, language: str = "") -> Decimal | None:
    """Read a number; None where the text is none.

    A mark followed by three digits is ambiguous: it is read by `language`, and as a thousands mark
    where that is unknown. Digits after the decimal mark are kept as written.
    """
    if plainly := _PLAIN.fullmatch(text):
        number = plainly[1] or plainly[2]
        if number.rfind(",") > number.rfind("."):
            return Decimal(number.replace(".", "").replace(",", "."))
        return Decimal(number.replace(",", ""))
    if len(text) > _MAX_LENGTH:
        return None
    plain = _without_currency(_ascii_digits(text.translate(_MARKS)))
    if plain is None:
        return None
    negative, digits = plain
    if _SCIENTIFIC.fullmatch(digits):
        return bounded_decimal(("-" if negative else "") + digits)
    number = _ungroup(digits, decimal_mark(language))
    return None if number is None else bounded_decimal(("-" if negative else "") + number)


def is_plain(text: str) -> bool:
    """Whether every language reads a number in this text that a Decimal writes in the same way."""
    return _PLAINEST.fullmatch(text) is not None


def bounded_decimal(written: str) -> Decimal | None:
    """Make a decimal of plain or scientific digits; None where its exponent is beyond any use."""
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


def _without_currency(text: str) -> tuple[bool, str] | None:
    """Split off sign and currency: whether the number is negative, and its digits and marks."""
    text = _NO_CENTS.sub("", text)
    found = _BODY.search(text.strip(_SPACES))
    if found is None:
        return None
    text = text.strip(_SPACES)
    before, body, after = text[: found.start()], found.group(), text[found.end() :]
    signs = [char for char in before if char in "+-"]
    currency = "".join(char for char in before if char not in "+-").strip(), after.strip()
    if len(signs) > 1 or all(currency) or not _is_currency("".join(currency)):
        return None
    return signs == ["-"], body.strip(_SPACES)


def _is_currency(text: str) -> bool:
    if not text or text.lower() in _CURRENCIES or _SIGN_WITH_LETTERS.fullmatch(text):
        return True
    return len(text) == 1 and unicodedata.category(text) == "Sc"


def _ungroup(digits: str, language_mark: str | None) -> str | None:
    """Take out thousands marks and write the decimal mark as a point."""
    mark = _decimal_mark_in(digits, language_mark)
    whole, _, fraction = digits.rpartition(mark) if mark else (digits, "", "")
    if not (whole or fraction) or (fraction and not fraction.isdigit()) or (mark and mark in whole):
        return None
    separators = {char for char in whole if not char.isdigit()}
    if len(separators) > 1 or (separators and not _well_grouped(re.split(f"[{separators.copy().pop()}]", whole))):
        return None
    plain = "".join(char for char in whole if char.isdigit()) or "0"
    return f"{plain}.{fraction}" if fraction else plain


def _well_grouped(groups: list[str]) -> bool:
    """Whether groups are three digits long, or two before the last three as in India."""
    first, *middle, last = groups
    if len(last) != 3:  # noqa: PLR2004 -- thousands
        return False
    sizes = {len(group) for group in middle}
    if sizes <= {3}:
        return 1 <= len(first) <= 3  # noqa: PLR2004 -- thousands
    return sizes == {2} and 1 <= len(first) <= 2  # noqa: PLR2004 -- lakh and crore


def _decimal_mark_in(digits: str, language_mark: str | None) -> str | None:
    """Say which of comma and point is the decimal mark here; None where neither is."""
    marks = [char for char in digits if char in ".,"]
    if not marks:
        return None
    if len(set(marks)) == 2:  # noqa: PLR2004 -- both: the last one parts the fraction
        return marks[-1]
    if len(marks) > 1:
        return None
    mark = marks[0]
    whole, _, fraction = digits.partition(mark)
    ambiguous = len(fraction) == 3 and fraction.isdigit() and whole.isdigit() and 1 <= len(whole) <= 3  # noqa: PLR2004 -- a group of thousands
    if not ambiguous or whole.startswith("0"):
        return mark
    return mark if language_mark == mark else None
