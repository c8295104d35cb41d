"""A proposal as a commented ScrapeSchedule."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import parse_qsl, urlsplit

from scrape_operator.api.kinds.meta import GROUP, VERSION
from scrape_operator.discovery.credentials import Header, HeaderLines
from scrape_operator.discovery.proposal import FieldProposal, Proposal

MAX_NAME = 50
OTHER_LISTS = 5

_NOT_IN_LABELS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Found:
    """What `init` found at an address: the list to read first, the others after it, and hints for comments.

    `headers` are those that the request needs. `page_param` is a parameter that seems to have the number of the page.
    `name` is the name of the object; empty: one made of the address.
    """

    url: str
    proposals: Sequence[Proposal]
    next_link: Mapping[str, str] | None = None
    notes: Sequence[str] = ()
    headers: Sequence[Header] = ()
    page_param: str = ""
    name: str = ""


def write_manifest(found: Found) -> str:
    """Return YAML. What is not certain is a comment."""
    return "\n".join(_lines(found)) + "\n"


def name_of(url: str) -> str:
    """Return the name of an object for an address: an RFC 1123 label of its host, path and names of parameters.

    Where the label leaves something out, such as values of parameters, it ends with a digest of that.
    """
    parts = urlsplit(url)
    names = "-".join(name for name, _value in parse_qsl(parts.query, keep_blank_values=True))
    whole = _NOT_IN_LABELS.sub("-", f"{parts.hostname or ''}{parts.path}-{names}".lower()).strip("-")
    text = f"s-{whole}" if whole[:1].isdigit() else whole or "schedule"
    if not parts.query and len(text) <= MAX_NAME:
        return text
    digest = blake2b(f"{parts.path}?{parts.query}".encode(), digest_size=2).hexdigest()
    return f"{text[: MAX_NAME - len(digest) - 1].strip('-')}-{digest}"


def _lines(found: Found) -> Iterator[str]:
    best = found.proposals[0]
    name = found.name or name_of(found.url)
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
    yield from (f"      - {_field(field)}{_note(field.note)}" for field in best.fields)
    yield from (f"      # - {_field(field)}{_note('the same text in each item')}" for field in best.same)
    yield from _key(best)
    yield from _others(found.proposals[1:])


def _next_page(found: Found) -> Iterator[str]:
    if found.next_link is not None:
        yield "    # The page links to a next one. To read those, too:"
        yield f"    # paginate: {{nextLink: {_flow(found.next_link)}, maxPages: 10}}"
    elif found.page_param:
        yield "    # The pages seem to have numbers. To read further ones:"
        yield f"    # paginate: {{pageParam: {{name: {_quoted(found.page_param)}}}, maxPages: 10}}"


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


def _note(text: str) -> str:
    return f"  # {_one_line(text)}" if text else ""


def _flow(selector: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {_quoted(text)}" for name, text in selector.items()) + "}"


def _quoted(text: str) -> str:
    """Return a text as a YAML double-quoted scalar; JSON's form is one."""
    return json.dumps(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())
