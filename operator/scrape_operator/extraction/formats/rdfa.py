"""RDFa of an HTML page: RDFa Lite 1.1, and `about`, `content` and prefixed `rel`. Called by `jsonld`.

It is read here: extruct gives the objects in an order that changes from run to run, and those inside of others by
names that change, too.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin

from lxml import etree

from scrape_operator.extraction.formats.vocabulary import described, last_part

_ADDRESSES: Final = ("resource", "href", "src")
_TEXT: Final = etree.XPath("string()", smart_strings=False)


class _Place(NamedTuple):
    """An element, the object that its properties belong to, and the properties whose values are inside the element."""

    element: Any
    subject: dict[str, Any] | None
    awaited: tuple[str, ...] = ()


def rdfa_objects(root: Any, base_url: str) -> Iterator[dict[str, Any]]:
    """Yield what has a type, in document order; what is the value of a property is inside of its object.

    Without a type it is a lone `meta property`, such as Open Graph's.
    """
    found: list[dict[str, Any]] = []
    named: dict[str, dict[str, Any]] = {}
    waiting = [_Place(root, None)]
    while waiting:
        place = waiting.pop()
        inside = _Element(place, base_url, named).read(found)
        waiting.extend(
            _Place(child, inside.subject, inside.awaited)
            for child in place.element.iterchildren(etree.Element, reversed=True)
        )
    yield from (each for each in found if "@type" in each)


class _Element:
    """Reads the attributes of one element."""

    def __init__(self, place: _Place, base_url: str, named: dict[str, dict[str, Any]]) -> None:
        self._element, self._subject, self._awaited = place
        self._base_url = base_url
        self._named = named

    def read(self, found: list[dict[str, Any]]) -> _Place:
        """Add the element's object to `found`, or its value to its subject; return what its children belong to."""
        properties = self._names("property")
        related = tuple(name for name in self._names("rel") if ":" in name)
        subject, is_new = self._described(is_value=bool(properties))
        if subject is None:
            if self._subject is not None and properties:
                _add(self._subject, properties, self._value())
            if self._subject is not None and related and (address := self._address("resource", "href")):
                _add(self._subject, related, address)
                related = ()
            return _Place(None, self._subject, related or self._awaited)
        holder = self._subject if properties or self._awaited else None
        if holder is not None:
            # An object is inside of one other at most: else two could be inside of each other.
            value = subject if is_new else {"@id": subject["@id"]}
            _add(holder, properties or self._awaited, value)
        elif is_new:
            found.append(subject)
        return _Place(None, subject, related)

    def _described(self, *, is_value: bool) -> tuple[dict[str, Any] | None, bool]:
        """Return the object that the element describes, and whether it is the first with its identity."""
        types = self._names("typeof")
        identity = self._address("about") if is_value and not types else self._address("about", "resource")
        if types and identity is None:
            identity = self._address("href", "src")
        if not types and (identity is None or is_value):
            return None, False
        made = described(types, identity)
        if identity is None:
            return made, True
        known = self._named.setdefault(identity, made)
        for name in made:
            known.setdefault(name, made[name])
        return known, known is made

    def _value(self) -> str:
        given = self._element.get("content")
        if given is None:
            given = self._address(*_ADDRESSES) or self._element.get("datetime")
        return str(_TEXT(self._element)).strip() if given is None else str(given)

    def _address(self, *attributes: str) -> str | None:
        """Return the absolute address of the first of some attributes that is there."""
        written: str | None = next(
            (value for name in attributes if (value := self._element.get(name)) is not None), None
        )
        if written is None or written.startswith("_:"):
            return None
        with suppress(ValueError):
            return urljoin(self._base_url, written.strip())
        return None

    def _names(self, attribute: str) -> tuple[str, ...]:
        return tuple((self._element.get(attribute) or "").split())


def _add(subject: dict[str, Any], names: tuple[str, ...], value: str | dict[str, Any]) -> None:
    """Add a value to properties of an object; several values are a list."""
    for name in map(last_part, names):
        if name not in subject:
            subject[name] = value
        elif isinstance(subject[name], list):
            subject[name].append(value)
        else:
            subject[name] = [subject[name], value]
