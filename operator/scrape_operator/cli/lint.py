"""Validates manifests for `lint`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrape_operator.api.kinds.meta import API_VERSION
from scrape_operator.cli.manifests import UnreadableFile, describe, files_in, name_of, read_documents
from scrape_operator.planning.policies import policies_of
from scrape_operator.planning.schedule import validate


@dataclass(slots=True)
class LintReport:
    """The lines of the findings, and how many documents were validated and skipped."""

    findings: list[str] = field(default_factory=list)
    objects: int = 0
    others: int = 0

    @property
    def summary(self) -> str:
        """Return what was done, for a person: `2 objects checked, 3 documents of other kinds skipped`."""
        checked = f"{_counted(self.objects, 'object')} checked"
        skipped = f", {_counted(self.others, 'document')} of other kinds skipped" if self.others else ""
        return f"{checked}{skipped}, {_counted(len(self.findings), 'finding')}"


def lint_files(paths: Sequence[Path]) -> LintReport:
    """Validate every object of this product in files and folders."""
    report = LintReport()
    read: list[tuple[Path, Sequence[Mapping[str, Any]]]] = []
    for file in files_in(paths):
        try:
            documents = read_documents(file)
        except UnreadableFile as error:
            report.findings.append(f"{file}: {error}")
            continue
        report.others += documents.others
        report.objects += len(documents.objects)
        read.append((file, documents.objects))
    policies = policies_of(obj for _file, objects in read for obj in objects)
    for file, objects in read:
        for obj in objects:
            findings = validate(obj, policies=policies)
            report.findings += [f"{file}: {name_of(obj)}: {describe(finding)}" for finding in findings]
    if not report.objects and not report.findings:
        named = ", ".join(map(str, paths))
        report.findings.append(f"{named}: has no object of {API_VERSION}: check apiVersion and kind")
    return report


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
