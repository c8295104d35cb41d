"""Which form a client accepts: plain objects, metadata alone, or a table. The answer is always JSON.

Controllers offer protobuf first. A 406 there would block the deletion of namespaces (kubernetes#86666).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from scrape_operator.results.failures import BAD_REQUEST, RequestRefused

META_GROUP = "meta.k8s.io"
DISCOVERY = ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2")

ACCEPT_MAX_PARTS = 16


class Form(Enum):
    """The form of objects in an answer."""

    PLAIN = auto()
    METADATA = auto()
    TABLE = auto()


class Included(Enum):
    """What the rows of a table hold besides cells (`includeObject`)."""

    NONE = "None"
    METADATA = "Metadata"
    OBJECT = "Object"


@dataclass(frozen=True, slots=True)
class Representation:
    """The form of an answer; `included` counts for tables alone."""

    form: Form
    included: Included = Included.METADATA

    @property
    def has_objects(self) -> bool:
        """Whether whole objects are shown, with their targets."""
        return self.form is Form.PLAIN or (self.form is Form.TABLE and self.included is Included.OBJECT)


FORMS: Mapping[tuple[str, str, str], Form] = {
    ("Table", META_GROUP, "v1"): Form.TABLE,
    ("PartialObjectMetadata", META_GROUP, "v1"): Form.METADATA,
    ("PartialObjectMetadataList", META_GROUP, "v1"): Form.METADATA,
    ("", "", ""): Form.PLAIN,
}


def representation_of(accept: str, query: Mapping[str, str]) -> Representation:
    """Return the first form that the client accepts and this server has.

    Raises:
        RequestRefused: `includeObject` has an unknown value.

    """
    form = next((FORMS[kind] for kind in _kinds(accept) if kind in FORMS), Form.PLAIN)
    try:
        included = Included(query.get("includeObject", Included.METADATA.value) or Included.METADATA.value)
    except ValueError as error:
        raise RequestRefused(BAD_REQUEST, "includeObject is one of None, Metadata and Object") from error
    return Representation(form, included if form is Form.TABLE else Included.METADATA)


def wants_discovery(accept: str) -> bool:
    """Return whether the client prefers the aggregated discovery document."""
    return next((kind == DISCOVERY for kind in _kinds(accept) if kind in {DISCOVERY, ("", "", "")}), False)


def content_type_of(kind: tuple[str, str, str]) -> str:
    """Return the content type of a document of a kind, group and version."""
    name, group, version = kind
    return f"application/json;g={group};v={version};as={name}"


def _kinds(accept: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind, group and version of the parts of an Accept header that allow JSON; of plain JSON empty texts."""
    for part in accept.split(",")[:ACCEPT_MAX_PARTS]:
        media, *parameters = (piece.strip() for piece in part.split(";"))
        given: dict[str, Any] = dict(piece.split("=", 1) for piece in parameters if "=" in piece)
        if media in {"application/json", "application/*", "*/*"}:
            yield given.get("as", ""), given.get("g", ""), given.get("v", "")
