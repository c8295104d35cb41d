"""Reads the header Link (RFC 8288): the links of an answer, and the relations that they have to it."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `target` may be relative, `relations` are in lower case."""

    target: str
    relations: frozenset[str]


def find_link(header: str, relation: str) -> str | None:
    """Return the target of the first link with a relation, or None. What is malformed is skipped."""
    wanted = relation.lower()
    return next((link.target for link in parse_link_header(header) if wanted in link.relations), None)


def parse_link_header(header: str) -> Iterator[Link]:
    """Yield the links of a header whose context is the answer itself: one with the parameter anchor is skipped."""
    position = header.find("<")
    while position >= 0:
        end = header.find(">", position)
        if end == -1:
            return
        parameters, following = _parameters(header, end + 1)
        if "anchor" not in parameters:
            yield Link(header[position + 1 : end].strip(), frozenset(parameters.get("rel", "").lower().split()))
        position = header.find("<", following)


def _parameters(header: str, position: int) -> tuple[dict[str, str], int]:
    """Return the parameters of one link, the first of each name, and where they end."""
    found: dict[str, str] = {}
    for piece, end in _pieces(header, position):
        name, _, value = piece.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), _unquoted(value.strip()))
        position = end
    return found, position


def _pieces(header: str, position: int) -> Iterator[tuple[str, int]]:
    """Yield what stands between semicolons, up to a comma, neither of them inside quotes."""
    start, is_quoted = position, False
    while position < len(header):
        character = header[position]
        if is_quoted and character == "\\":
            position += 1
        elif character == '"':
            is_quoted = not is_quoted
        elif character in ";," and not is_quoted:
            yield header[start:position], position + 1
            if character == ",":
                return
            start = position + 1
        position += 1
    yield header[start:], len(header)


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    characters = iter(value[1:].removesuffix('"'))
    return "".join(next(characters, "") if character == "\\" else character for character in characters)
