"""Finds the names that a step of a selector may mean in a document. Called by `items_hints` and `field_hints`."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from scrape_operator.core.nearest import close_names, shown
from scrape_operator.extraction.formats.reader import Family
from scrape_operator.extraction.hints import MissedStep, Probe

MAX_ELEMENTS: Final = 300
"""Elements of which the names are read."""

_MAX_NAMES: Final = 500
"""Names that are compared with the one that is asked for: to compare thousands takes a second."""

_VALUE_LENGTH: Final = 60

_KINDS: Final = (
    ("attribute", re.compile(r"(?:::attr\(\s*|/@|attribute::)(?P<own>[\w:-]+)")),
    ("class", re.compile(r"\.(?P<name>[A-Za-z_-][\w-]*)|@class[^'\"]*['\"]\s*(?P<quoted>[\w-]+)")),
    ("id", re.compile(r"#(?P<name>[\w-]+)|@id\s*=\s*['\"](?P<quoted>[\w-]+)")),
    ("attribute", re.compile(r"\[@?(?P<name>[A-Za-z][\w:-]*)(?![\w:-]|\s*\()")),
    ("element", re.compile(r"(?P<name>[A-Za-z][\w-]*)(?![\w(:-])")),
)
"""What a step of a selector of markup asks for, in the order in which it is looked for."""

KEY: Final = re.compile(r"""\.?["']?(?P<name>[\w-]+)""")
"""The key that a step of JMESPath asks for."""

_PLURALS: Final = {"attribute": "attributes", "class": "classes", "id": "ids", "element": "elements", "key": "keys"}


class Wanted(NamedTuple):
    """A name that a step asks for: its kind, the name, and where it begins in the step."""

    kind: str
    name: str
    start: int
    is_own: bool


def wanted_names(step: str) -> Iterable[Wanted]:
    """Yield the names that a step of a selector of markup asks for."""
    for kind, pattern in _KINDS:
        if found := pattern.search(step):
            group, name = next((group, name) for group, name in found.groupdict().items() if name is not None)
            yield Wanted(kind, name, found.start(group), is_own=group == "own")


def names_of(kind: str, elements: Iterable[Any], limit: int = MAX_ELEMENTS) -> Sequence[str]:
    """Return the names of a kind that so many elements at most have, each once."""
    names: dict[str, None] = {}
    for element in islice(elements, limit):
        if len(names) >= _MAX_NAMES:
            break
        match kind:
            case "class" | "id":
                names.update(dict.fromkeys(element.get(kind, "").split()))
            case "attribute":
                names.update(dict.fromkeys(element.keys()))
            case _:
                names[element.tag.rpartition("}")[2]] = None
    return list(names)


def scope_of(missed: MissedStep, probe: Probe) -> Any:
    """Return the element in which a missed step chooses elements."""
    is_sibling = missed.step[:1] in {"+", "~"}
    return probe.first_node("" if is_sibling else missed.scope)


def instead(kind: str, wanted: str, names: Sequence[str]) -> str:
    """Return the names that may have been meant, else those that there are."""
    if not names:
        return f"it has no {_PLURALS[kind]}"
    meant = close_names(wanted, names)
    if meant:
        return f"did you mean the {kind} {' or '.join(meant)}?"
    return f"there are the {_PLURALS[kind]} {shown(names)}"


def markup_instead(missed: MissedStep, probe: Probe) -> str:
    """Return what elements have instead of a class, an id, an attribute or an element."""
    if missed.is_condition and not missed.step.startswith(":has("):
        return _condition_instead(missed, probe)
    node = probe.first_node(missed.before) if missed.is_condition else scope_of(missed, probe)
    for kind, name, _start, is_own in wanted_names(missed.step):
        names = names_of(kind, [node] if is_own else node.iterdescendants("*"))
        if is_own or (names and name not in names):
            return instead(kind, name, names)
    return instead("element", "", names_of("element", node.iterdescendants("*")))


def _condition_instead(missed: MissedStep, probe: Probe) -> str:
    """Return what the elements that all but a condition matches have instead of what it asks for."""
    wanted = next(iter(wanted_names(missed.step)), None)
    is_known = missed.step.startswith("[") and (probe.family is Family.CSS or "@" in missed.step)
    if wanted is None or wanted.kind == "element" or not (is_known or missed.step[:1] in {".", "#"}):
        return ""
    elements = probe.nodes(missed.before)
    own = names_of(wanted.kind, elements)
    if wanted.name in own:
        attribute = wanted.name if wanted.kind == "attribute" else wanted.kind
        value = next(filter(None, (element.get(attribute) for element in elements)), "")
        return f"the first {attribute} of them is {value[:_VALUE_LENGTH]!r}"
    around = () if close_names(wanted.name, own) else scope_of(missed, probe).iterdescendants("*")
    others = names_of(wanted.kind, around)
    if wanted.name in others:
        return f"another element has the {wanted.kind} {wanted.name}"
    return instead(wanted.kind, wanted.name, others if close_names(wanted.name, others) else own)


def keys_instead(missed: MissedStep, probe: Probe, whole: str) -> str:
    """Return what a JSON value has instead of a key. `whole` names the value at which the selector begins."""
    value, found = probe.first_node(missed.before), KEY.match(missed.step)
    subject = f"`{missed.before}`" if missed.before else whole
    if isinstance(value, list):
        through = f"{missed.before}[*]{missed.step}"
        if probe.values(through):
            return f"`{through}` reads the members of the list"
        value = next((member for member in value if isinstance(member, dict)), None)
        subject = f"no member of {subject}" if value is None else subject
    if not isinstance(value, dict):
        return f"{subject} is no object"
    name = found["name"] if found else ""
    if name in value:
        return "its value is null" if value[name] is None else ""
    return instead("key", name, list(value))
