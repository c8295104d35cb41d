"""Validates manifests for `lint`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from scrape_operator.api.kinds.meta import API_VERSION
from scrape_operator.cli.lint_warnings import neighbors_of, unchecked_secrets, warnings_of
from scrape_operator.cli.manifests import Documents, UnreadableFile, are_empty, describe, name_of, read_documents
from scrape_operator.core.net.addresses import Network
from scrape_operator.local.files import files_in
from scrape_operator.local.objects import EMPTY, duplicates
from scrape_operator.planning.schedule import DEFAULT_INTERVAL, validate

NOT_CHECKED = "in none of the files, and so its keys are not checked: name its file, too, unless the cluster has it"


@dataclass(slots=True)
class LintReport:
    """The lines of findings and warnings, and how many documents were validated and skipped.

    `notes` are lines on what could not be checked.
    """

    findings: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    objects: int = 0
    others: int = 0

    @property
    def summary(self) -> str:
        """Return what was done, for a person: `2 objects checked, 3 documents of other kinds skipped`."""
        checked = f"{_counted(self.objects, 'object')} checked"
        skipped = f", {_counted(self.others, 'document')} of other kinds skipped" if self.others else ""
        warned = f", {_counted(len(self.warnings), 'warning')}" if self.warnings else ""
        return f"{checked}{skipped}, {_counted(len(self.findings), 'finding')}{warned}"


def lint_files(
    paths: Sequence[Path], networks: Iterable[Network] = (), default_interval: timedelta = DEFAULT_INTERVAL
) -> LintReport:
    """Validate every object of this product in files and folders.

    Args:
        paths: The files and folders.
        networks: The networks that the operator's settings allow beside the internet.
        default_interval: The interval of schedules that name none.

    """
    report = LintReport()
    read: list[tuple[Path, Documents]] = []
    for file in files_in(paths):
        try:
            documents = read_documents(file)
        except UnreadableFile as error:
            report.findings.append(f"{file}: {error}")
            continue
        report.others += documents.others
        report.objects += len(documents.objects)
        read.append((file, documents))
    objects = [(file, obj) for file, documents in read for obj in documents.objects]
    secrets = [(file, secret) for file, documents in read for secret in documents.secrets]
    report.warnings += [line.replace(": ", ": warning: ", 1) for line in duplicates([*objects, *secrets])]
    neighbors = neighbors_of(
        [obj for _file, obj in objects], [secret for _file, secret in secrets], networks, default_interval
    )
    for file, obj in objects:
        findings = validate(obj, default_interval, neighbors.policies)
        warnings = () if findings else warnings_of(obj, neighbors)
        report.findings += [f"{file}: {name_of(obj)}: {describe(finding)}" for finding in findings]
        report.warnings += [f"{file}: {name_of(obj)}: warning: {describe(warning)}" for warning in warnings]
        absent = () if findings else unchecked_secrets(obj, neighbors)
        report.notes += [f"{file}: {name_of(obj)}: Secret {name} is {NOT_CHECKED}" for name in absent]
    if not report.objects and not report.findings:
        problem = _without_objects([documents for _file, documents in read])
        report.findings.append(f"{', '.join(map(str, paths))}: {problem}")
    return report


def _without_objects(read: Sequence[Documents]) -> str:
    """Return what is wrong with files that have no object of this product."""
    if are_empty(read):
        return EMPTY
    if 0 < sum(len(documents.secrets) for documents in read) == sum(documents.others for documents in read):
        return "has a Secret, but no schedule and no policy: name the file of the schedule, too"
    return f"has no object of {API_VERSION}: check apiVersion and kind"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
