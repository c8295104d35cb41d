"""A proposal as a commented ScrapeSchedule."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from scrape_operator.api.kinds.meta import GROUP, VERSION
from scrape_operator.discovery.credentials import Header, HeaderLines
from scrape_operator.discovery.proposal import FieldProposal, Proposal

MAX_NAME = 50
OTHER_LISTS = 5


@dataclass(frozen=True, slots=True)
class Found:
    """What `init` found at an address: the list to read first, the others after it, and hints for comments.

    `headers` are those that the request needs.
    """

    url: str
    proposals: Sequence[Proposal]
    next_link: Mapping[str, str] | None = None
    notes: Sequence[str] = ()
    headers: Sequence[Header] = ()


def write_manifest(found: Found) -> str:
    """Return YAML. What is not certain is a comment."""
    return "\n".join(_lines(found)) + "\n"


def name_of(url: str) -> str:
    """Return the name of an object for an address: an RFC 1123 label of its host and path."""
    parts = urlsplit(url)
    text = re.sub(r"[^a-z0-9]+", "-", f"{parts.hostname or ''}{parts.path}".lower()).strip("-")
    return (text[:MAX_NAME].strip("-") or "schedule") if not text[:1].isdigit() else f"s-{text[:MAX_NAME]}".strip("-")


def _lines(found: Found) -> Iterator[str]:
    best = found.proposals[0]
    name = name_of(found.url)
    headers = HeaderLines(f"{name}-credentials", found.headers)
    yield f"# Found at the address: {best.what}{f' ({best.count} items)' if best.count else ''}."
    yield from (f"# {note}" for note in found.notes)
    yield from headers.comments()
    yield f"apiVersion: {GROUP}/{VERSION}"
    yield "kind: ScrapeSchedule"
    yield f"metadata: {{name: {name}}}"
    yield "spec:"
    yield "  interval: 1h  # how often the site may be asked"
    yield "  targets:"
    yield "  - name: main"
    yield from headers.http(found.url)
    yield from _next_page(found)
    yield "    extract:"
    yield f"      format: {best.format}"
    if best.items is not None:
        yield f"      items: {_flow(best.items)}"
    yield "      fields:"
    yield from (f"      - {_field(field)}" for field in best.fields)
    yield from _key(best)
    yield from _others(found.proposals[1:])


def _next_page(found: Found) -> Iterator[str]:
    if found.next_link is not None:
        yield "    # The page links to a next one. To read those, too:"
        yield f"    # paginate: {{nextLink: {_flow(found.next_link)}, maxPages: 10}}"


def _key(best: Proposal) -> Iterator[str]:
    if best.key:
        yield f"      key: [{', '.join(best.key)}]  # differs for every item that was found: check that it always does"
    else:
        yield "      # key: [..]  # no field differs for every item: without a key all fields identify an item"


def _others(proposals: Sequence[Proposal]) -> Iterator[str]:
    if proposals:
        yield "# Other lists that were found:"
    for proposal in proposals[:OTHER_LISTS]:
        names = ", ".join(field.name for field in proposal.fields[:6])
        yield f"# - {_one_line(proposal.what)}: {proposal.count} items with {names}"


def _field(field: FieldProposal) -> str:
    members = [f"name: {field.name}", *(f"{name}: {_quoted(text)}" for name, text in field.selector.items())]
    if field.type != "String":
        members.append(f"type: {field.type}")
    if field.is_many:
        members.append("many: true")
    return f"{{{', '.join(members)}}}"


def _flow(selector: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {_quoted(text)}" for name, text in selector.items()) + "}"


def _quoted(text: str) -> str:
    """Return a text as a YAML double-quoted scalar; JSON's form is one."""
    return json.dumps(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())
