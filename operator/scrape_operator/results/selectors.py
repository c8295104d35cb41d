"""Label and field selectors: from the text of a query to a selection.

Grammar: k8s.io/apimachinery/pkg/labels and pkg/fields. A selector is bounded in length and number of requirements.
"""

import re
from collections.abc import Iterator, Mapping
from uuid import UUID

from scrape_operator.core.selection import Operator, Requirement
from scrape_operator.results.failures import BAD_REQUEST, RequestRefused
from scrape_operator.results.names import parse_item_name, parse_run_name, status_of
from scrape_operator.results.resources import RUNS, Resource

MAX_LENGTH = 4096
MAX_REQUIREMENTS = 32
MAX_VALUES = 100

NAME_FIELD = "metadata.name"

_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
_KEY = rf"(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_VALUE[:-1]}"
_SET = re.compile(rf"\s*(?P<key>{_KEY})\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)\s*")
_EQUAL = re.compile(rf"\s*(?P<key>{_KEY})\s*(?P<operator>==?|!=)\s*(?P<value>{_VALUE})\s*")
_EXISTS = re.compile(rf"\s*(?P<absent>!?)\s*(?P<key>{_KEY})\s*")
_FIELD = re.compile(r"(?P<key>[^=!]+)(?P<operator>==?|!=)(?P<value>.*)", re.DOTALL)
_FIELD_PART = re.compile(r"(?:\\.|[^,])+", re.DOTALL)
_PART = re.compile(r"(?:[^,()]|\([^()]*\))*")

_IN, _NOT_IN = Operator.IN, Operator.NOT_IN
_NOTHING, _ANYTHING = Requirement("none", Operator.EXISTS), Requirement("none", Operator.ABSENT)
"""No object has a field of this name."""


def parse_selectors(resource: Resource, query: Mapping[str, str]) -> tuple[Requirement, ...]:
    """Return what `labelSelector` and `fieldSelector` of a query demand.

    Raises:
        RequestRefused: A selector is malformed, too long, or names an unknown field.

    """
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    if max(len(labels), len(fields)) > MAX_LENGTH:
        raise RequestRefused(BAD_REQUEST, f"a selector has {MAX_LENGTH} characters at most")
    found = (*_label_requirements(resource, labels), *_field_requirements(resource, fields))
    if len(found) > MAX_REQUIREMENTS or any(len(one.values) > MAX_VALUES for one in found):
        raise RequestRefused(
            BAD_REQUEST, f"selectors have {MAX_REQUIREMENTS} requirements of {MAX_VALUES} values at most"
        )
    return found


def _label_requirements(resource: Resource, text: str) -> Iterator[Requirement]:
    for part in _parts(text):
        key, operator, values = _parse_label(part)
        field = resource.labels.get(key, key)
        yield _stored(Requirement(field if key in resource.labels else "none", operator, values))


def _parse_label(part: str) -> tuple[str, Operator, frozenset[str]]:
    if found := _SET.fullmatch(part):
        values = [value.strip() for value in found["values"].split(",")]
        if all(re.fullmatch(_VALUE, value) for value in values):
            return found["key"], _IN if found["operator"] == "in" else _NOT_IN, frozenset(values)
    elif found := _EQUAL.fullmatch(part):
        return found["key"], _NOT_IN if found["operator"] == "!=" else _IN, frozenset({found["value"]})
    elif found := _EXISTS.fullmatch(part):
        return found["key"], Operator.ABSENT if found["absent"] else Operator.EXISTS, frozenset()
    raise RequestRefused(
        BAD_REQUEST,
        f"unable to parse requirement {part.strip()[:100]!r}: write key=value, key!=value, key in (a,b), !key",
    )


def _field_requirements(resource: Resource, text: str) -> Iterator[Requirement]:
    for part in _FIELD_PART.findall(text):
        found = _FIELD.fullmatch(part)
        if found is None:
            raise RequestRefused(BAD_REQUEST, f"invalid field selector {part[:100]!r}: write field=value")
        key, operator = found["key"].strip(), _NOT_IN if found["operator"] == "!=" else _IN
        value = re.sub(r"\\([,=\\])", r"\1", found["value"])
        if key == NAME_FIELD:
            yield from _named(resource, operator, value)
        elif key in resource.fields:
            yield _of_field(resource.fields[key], operator, value)
        else:
            known = ", ".join((NAME_FIELD, *resource.fields))
            raise RequestRefused(BAD_REQUEST, f"field label not supported: {key[:100]}; the fields are {known}")


def _of_field(field: str, operator: Operator, value: str) -> Requirement:
    """Return a requirement on a field, where an absent one counts as empty text."""
    if not value:
        return Requirement(field, Operator.ABSENT if operator is _IN else Operator.EXISTS)
    if field == "id":
        return _identified(operator, value)
    return _stored(Requirement(field, operator, frozenset({value})))


def _identified(operator: Operator, text: str) -> Requirement:
    """Return a requirement on the ID of a run; no run has one that is no UUID."""
    try:
        return Requirement("id", operator, frozenset({str(UUID(text))}))
    except ValueError:
        return _NOTHING if operator is _IN else _ANYTHING


def _named(resource: Resource, operator: Operator, name: str) -> Iterator[Requirement]:
    parsed = parse_run_name(name) if resource is RUNS else parse_item_name(name)
    if parsed is None:
        if operator is _IN:
            yield _NOTHING
        return
    schedule, identity = parsed
    yield Requirement("id", operator, frozenset({str(identity)}))
    if operator is _IN:
        yield Requirement("schedule", _IN, frozenset({schedule}))


def _stored(requirement: Requirement) -> Requirement:
    """Return a requirement on phases as one on the stored statuses; those of items are no words of the database."""
    if requirement.field != "status":
        return requirement
    return Requirement("status", requirement.operator, frozenset(map(status_of, requirement.values)))


def _parts(text: str) -> Iterator[str]:
    """Split at commas outside parentheses."""
    position = 0
    while position < len(text):
        found = _PART.match(text, position)
        end = found.end() if found else position
        if end < len(text) and text[end] != ",":
            raise RequestRefused(
                BAD_REQUEST, f"unable to parse the selector {text[:100]!r}: a parenthesis is not closed"
            )
        yield text[position:end]
        position = end + 1
    if text.endswith(","):
        raise RequestRefused(BAD_REQUEST, f"unable to parse the selector {text[:100]!r}: it ends with a comma")
