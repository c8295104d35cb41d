"""Reads manifests from files and folders, as kubectl does. The verbs that take FILE... share it."""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scrape_operator.api.kinds.meta import GROUP
from scrape_operator.api.kinds.registry import KINDS
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.run import clip
from scrape_operator.local.files import files_in
from scrape_operator.local.objects import duplicates
from scrape_operator.local.secrets import is_secret

MAX_FILE_BYTES = 16 * 2**20
STANDARD_INPUT = Path("-")

_KIND_NAMES = frozenset(kind.kind for kind in KINDS)
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


def _make_loader() -> Any:
    """Return the safe loader, but for dates: they are text, as for kubectl."""
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in entries if tag != _TIMESTAMP]
        for first, entries in base.yaml_implicit_resolvers.items()
    }
    return type("_Loader", (base,), {"yaml_implicit_resolvers": resolvers})


_Loader = _make_loader()


class UnreadableFile(InvalidValue):
    """A file cannot be opened, is too large, or is not YAML."""


@dataclass(frozen=True, slots=True)
class Documents:
    """The objects of this product in a file, the Secrets, and the number of documents of other kinds."""

    objects: Sequence[Mapping[str, Any]]
    secrets: Sequence[Mapping[str, Any]]
    others: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """The objects of files that a run needs. `is_empty`: there are files, and none has a document."""

    objects: Sequence[Mapping[str, Any]]
    is_empty: bool


def read_inputs(file: Path) -> Sequence[Mapping[str, Any]]:
    """Return the objects of a file that a run needs: those of this product, and Secrets.

    Raises:
        UnreadableFile: The file cannot be opened, is too large, or is not YAML.

    """
    return _inputs_of(read_documents(file))


def read_all_inputs(paths: Sequence[Path]) -> Inputs:
    """Return the objects of files and folders that a run needs.

    Raises:
        InvalidValue: A file cannot be read, or two objects have one name.

    """
    read: list[tuple[Path, Documents]] = []
    for file in files_in(paths):
        try:
            read.append((file, read_documents(file)))
        except UnreadableFile as error:
            raise InvalidValue(f"{file}: {error}") from error
    placed = [(file, obj) for file, documents in read for obj in _inputs_of(documents)]
    if doubled := list(duplicates(placed)):
        raise InvalidValue("\n".join(doubled))
    return Inputs([obj for _file, obj in placed], are_empty([documents for _file, documents in read]))


def are_empty(read: Collection[Documents]) -> bool:
    """Return whether there are files, and none has a document."""
    return bool(read) and not any(documents.objects or documents.secrets or documents.others for documents in read)


def _inputs_of(documents: Documents) -> Sequence[Mapping[str, Any]]:
    return (*documents.objects, *documents.secrets)


def read_documents(file: Path) -> Documents:
    """Return what a file of YAML documents holds. The items of a List count as documents.

    Raises:
        UnreadableFile: The file cannot be opened, is too large, or is not YAML.

    """
    text = _read_text(file)
    try:
        loaded = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = getattr(error, "problem", None) or type(error).__name__
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise UnreadableFile(f"is not YAML{where}: {problem}") from error
    documents = [document for top in loaded if top is not None for document in _flattened(top)]
    objects = [document for document in documents if isinstance(document, Mapping) and _is_ours(document)]
    secrets = [document for document in documents if isinstance(document, Mapping) and is_secret(document)]
    return Documents(objects, secrets, len(documents) - len(objects))


def describe(finding: Finding) -> str:
    """Return a finding on one line."""
    return clip(str(finding), 1024)


def name_of(obj: Mapping[str, Any]) -> str:
    """Return the kind, namespace and name of an object, even if its metadata is wrong."""
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    namespace, name = metadata.get("namespace", "default"), metadata.get("name", "?")
    return clip(f"{obj.get('kind', '?')} {namespace}/{name}", 256)


def _flattened(document: object) -> Iterator[object]:
    items = document.get("items") if isinstance(document, Mapping) else None
    if isinstance(document, Mapping) and str(document.get("kind", "")).endswith("List") and isinstance(items, list):
        for item in items:
            yield from _flattened(item)
    else:
        yield document


def _is_ours(document: Mapping[str, Any]) -> bool:
    # A kind of ours under a wrong apiVersion is a mistake that lint must name, not a document to skip.
    return str(document.get("apiVersion", "")).startswith(f"{GROUP}/") or document.get("kind") in _KIND_NAMES


def _read_text(file: Path) -> str:
    try:
        if file == STANDARD_INPUT:
            raw = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with file.open("rb") as stream:
                raw = stream.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise UnreadableFile(f"is larger than {MAX_FILE_BYTES} bytes: split it")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"is not UTF-8: {error}") from error
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from error
