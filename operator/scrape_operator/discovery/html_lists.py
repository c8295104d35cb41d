"""The repeated elements of an HTML page, as proposals: cards of a list, and rows of a table."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from lxml import html

from scrape_operator.discovery.proposal import MAX_FIELDS, FieldProposal, Proposal, field_name, key_of
from scrape_operator.discovery.text_types import text_type_of, type_note

MIN_ITEMS = 3
SAMPLE_ITEMS = 40
MAX_ELEMENTS = 50_000

_CLASS = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_FRAMES = {"nav", "header", "footer", "head", "select", "svg"}
"""What stands in these repeats on every page, and is not what the page is about."""

_LEAF_ATTRIBUTES = {"a": "href", "img": "src", "time": "datetime"}


def find_html_lists(root: Any) -> list[Proposal]:
    """Return a proposal for each group of repeated elements, the one with the most values first."""
    proposals = [_propose(selector, nodes) for selector, nodes in _groups(root)]
    proposals += [_propose_table(table, selector) for table, selector in _tables(root)]
    return sorted((proposal for proposal in proposals if proposal.fields), key=lambda it: -it.score)


def _groups(root: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield elements with the same tag and class, at least three of them below one parent."""
    groups: defaultdict[str, list[Any]] = defaultdict(list)
    siblings: Counter[tuple[Any, str]] = Counter()
    for number, element in enumerate(root.iter(html.etree.Element)):
        if number > MAX_ELEMENTS:
            break
        selector = _selector_of(element)
        if selector and not any(ancestor.tag in _FRAMES for ancestor in element.iterancestors()):
            groups[selector].append(element)
            siblings[element.getparent(), selector] += 1
    wanted = {selector for (_parent, selector), count in siblings.items() if count >= MIN_ITEMS}
    for selector in wanted:
        if len(groups[selector][0]) > 0 and groups[selector][0].tag not in {"tr", "td", "th", "option"}:
            yield selector, groups[selector]


def _selector_of(element: Any) -> str:
    """Return a selector by tag and first class; of a list item without a class, below its list."""
    name = next((name for name in (element.get("class") or "").split() if _CLASS.fullmatch(name)), None)
    if name is not None:
        return f"{element.tag}.{name}"
    parent = element.getparent()
    if element.tag in {"li", "article", "dd"} and parent is not None:
        above = _selector_of(parent) or parent.tag
        return f"{above} > {element.tag}"
    return ""


def _propose(selector: str, nodes: Sequence[Any]) -> Proposal:
    sample = nodes[:SAMPLE_ITEMS]
    places = Counter(place for node in sample for place in dict.fromkeys(_leaves(node)))
    fields: list[FieldProposal] = []
    same: list[FieldProposal] = []
    columns: dict[str, Sequence[object]] = {}
    for place, count in places.items():
        if 2 * count < len(sample) or len(fields) == MAX_FIELDS:
            continue
        values = [_value(node, place) for node in sample]
        name = field_name(_name_of(place), [field.name for field in (*fields, *same)])
        is_many = any(len(_values(node, place)) > 1 for node in sample)
        type_ = _html_type(place, values)
        note = "" if is_many or type_ != "String" else type_note(values)
        field = FieldProposal(name, {"css": place}, type_, is_many, note)
        if not is_many and place.endswith("::text") and len(set(values)) == 1:
            same.append(field)
            continue
        fields.append(field)
        if not is_many:
            columns[name] = values
    what = f"the elements {selector}"
    return Proposal("HTML", {"css": selector}, fields, key_of(columns), len(nodes), what, same)


def _leaves(node: Any) -> Iterator[str]:
    """Yield the selectors of texts and addresses in a node, relative to it."""
    for element in node.iterdescendants(html.etree.Element):
        path = _relative(node, element)
        if (element.text or "").strip():
            yield f"{path}::text"
        attribute = _LEAF_ATTRIBUTES.get(element.tag)
        if attribute and element.get(attribute):
            yield f"{path}::attr({attribute})"


def _relative(node: Any, element: Any) -> str:
    """Return the shortest of: tag and class, or the tag, with the parent before it where that tells more."""
    own = _selector_of(element)
    if own and " > " not in own:
        return own
    parent = element.getparent()
    if parent is node:
        return str(element.tag)
    above = _selector_of(parent)
    return f"{above} > {element.tag}" if above and " > " not in above else f"{parent.tag} > {element.tag}"


def _values(node: Any, place: str) -> list[str]:
    path, _, leaf = place.partition("::")
    attribute = leaf.removeprefix("attr(").removesuffix(")")
    found = (element.text if leaf == "text" else element.get(attribute) for element in node.cssselect(path))
    return [text.strip() for text in found if text and text.strip()]


def _value(node: Any, place: str) -> str | None:
    return next(iter(_values(node, place)), None)


def _name_of(place: str) -> str:
    path, _, leaf = place.partition("::")
    last = path.rsplit(" > ", 1)[-1]
    tag, _, name = last.partition(".")
    if leaf == "attr(href)":
        return "link"
    if leaf == "attr(src)":
        return "image"
    if leaf == "attr(datetime)":
        return "time"
    above = path.rsplit(" > ", 1)[0].rpartition(".")[2] if " > " in path else ""
    named = {"a": "title", "h1": "title", "h2": "title", "h3": "title", "h4": "title"}
    return name or named.get(tag) or above or tag


def _html_type(place: str, values: Sequence[str | None]) -> str:
    if place.endswith(("::attr(href)", "::attr(src)")):
        return "URL"
    return text_type_of(values)


def _tables(root: Any) -> Iterator[tuple[Any, str]]:
    for table in root.iter("table"):
        if len(table.findall(".//tr")) > MIN_ITEMS:
            identity, name = table.get("id"), _selector_of(table)
            yield table, f"table#{identity}" if identity and _CLASS.fullmatch(identity) else name or "table"


def _propose_table(table: Any, selector: str) -> Proposal:
    """Return a proposal with one item for each row of data and one field for each column."""
    rows = [row for row in table.iter("tr") if row.findall("td")]
    heads = [head.text_content().strip() for head in table.iter("th")]
    width = min((len(row.findall("td")) for row in rows), default=0)
    fields: list[FieldProposal] = []
    columns: dict[str, Sequence[object]] = {}
    for number in range(min(width, MAX_FIELDS)):
        values = [row.findall("td")[number].text_content().strip() or None for row in rows]
        name = field_name(heads[number] if len(heads) >= width else f"column {number + 1}", list(columns))
        xpath = f"normalize-space(./td[{number + 1}])"
        fields.append(FieldProposal(name, {"xpath": xpath}, _html_type("", values), note=type_note(values)))
        columns[name] = values
    items = {"xpath": f"{_table_path(selector)}//tr[td]"}
    return Proposal("HTML", items, fields, key_of(columns), len(rows), f"the rows of {selector}")


def _table_path(selector: str) -> str:
    if selector.startswith("table#"):
        return f"//table[@id='{selector.removeprefix('table#')}']"
    name = selector.rpartition(".")[2]
    return f"//table[contains(concat(' ', @class, ' '), ' {name} ')]" if "." in selector else "//table"
