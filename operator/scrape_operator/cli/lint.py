"""Reads manifests for `lint` and gives one line for each finding."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.run import clip
from scrape_operator.planning.schedule import validate

GROUP = "scrape-operator.dev/"
MAX_FILE_BYTES = 16 * 2**20
STANDARD_INPUT = Path("-")

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnreadableFile(Exception):
    """A file is no YAML, is too large, or can't be opened."""


def lint_files(files: Sequence[Path]) -> tuple[list[str], int]:
    """Check every ScrapeSchedule in the files; give the lines to print, and how many objects were checked."""
    lines: list[str] = []
    objects = 0
    for file in files:
        try:
            for obj in read_objects(file):
                objects += 1
                lines.extend(f"{file}: {name_of(obj)}: {describe(finding)}" for finding in validate(obj))
        except UnreadableFile as error:
            lines.append(f"{file}: {error}")
    if not objects and not lines:
        lines.append(f"{', '.join(map(str, files))}: no object of {GROUP}v1alpha1 found: check apiVersion and kind")
    return lines, objects


def describe(finding: Finding) -> str:
    """Write one finding on one line."""
    return clip(str(finding), 1024)


def name_of(obj: Mapping[str, Any]) -> str:
    """Name an object as kubectl would, also where its metadata is wrong."""
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    namespace, name = metadata.get("namespace", "default"), metadata.get("name", "?")
    return clip(f"{obj.get('kind', '?')} {namespace}/{name}", 256)


def read_objects(file: Path) -> Iterator[Mapping[str, Any]]:
    """Give the objects of our group in a file of YAML documents; a List is looked into. Others are left alone."""
    try:
        documents = list(yaml.load_all(read_text(file), Loader=Loader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = getattr(error, "problem", None) or type(error).__name__
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise UnreadableFile(f"no YAML{where}: {problem}") from error
    for document in documents:
        yield from ours(document)


def ours(document: object) -> Iterator[Mapping[str, Any]]:
    """Give the objects of our group in one document."""
    if not isinstance(document, Mapping):
        return
    items = document.get("items")
    if str(document.get("kind", "")).endswith("List") and isinstance(items, list):
        for item in items:
            yield from ours(item)
    elif str(document.get("apiVersion", "")).startswith(GROUP):
        yield document


def read_text(file: Path) -> str:
    """Read a file, or standard input for `-`, within the size limit."""
    try:
        if file == STANDARD_INPUT:
            raw = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with file.open("rb") as stream:
                raw = stream.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise UnreadableFile(f"larger than {MAX_FILE_BYTES} bytes: split it")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"not UTF-8: {error}") from error
    except OSError as error:
        raise UnreadableFile(f"can't be read: {error.strerror}") from error
