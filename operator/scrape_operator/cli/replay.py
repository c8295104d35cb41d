"""Replays an earlier run for `replay`: its kept responses, read by the present spec, against what is stored."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rich.text import Text

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE
from scrape_operator.cli.absent import demand_schedule, find_run
from scrape_operator.cli.changes import LINE_MAX_BYTES, STYLES, describe_fields
from scrape_operator.cli.consoles import open_console
from scrape_operator.cli.manifests import read_all_inputs
from scrape_operator.cli.rows import print_lines
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.kubeconfig import current_namespace
from scrape_operator.cluster.objects import ClusterObjects
from scrape_operator.core.errors import ClusterError, NotDone, NotFound
from scrape_operator.core.ids import RunIDs
from scrape_operator.core.nearest import hint_for
from scrape_operator.core.runs.items import Change, ItemCounts
from scrape_operator.core.runs.replay import Difference, KeptRun, TargetDifferences, compare
from scrape_operator.core.runs.run import RunResult, clip
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.times import rfc3339
from scrape_operator.local.plans import plans_of
from scrape_operator.running.opening import open_replayer
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.history import open_history
from scrape_operator.storage.reading.kept_runs import KeptRunQuery, KeptRunReader, open_kept_runs
from scrape_operator.storage.store import open_store


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What to replay: a schedule by name, its newest run with kept responses or the one with an ID, by which spec.

    Without `files` the spec is that of the object in the cluster.
    """

    name: str
    namespace: str | None = None
    ids: RunIDs | None = None
    files: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replay, the differences of its targets from what is stored, and the counts of what was written, if it was."""

    kept: KeptRun
    result: RunResult
    targets: Sequence[TargetDifferences]
    written: ItemCounts | None = None


async def replay(settings: Settings, request: ReplayRequest, *, write: bool) -> Replayed:
    """Replay a run, and write the result if that is asked for.

    Raises:
        NotFound: there is no such schedule or no kept response.
        NotDone: nothing may be written.
        StoreLocked: the result cannot be written beside the process that uses the SQLite file.
        ClusterError: the cluster cannot be reached.

    """
    found = _plan_of_files(settings, request) if request.files else None
    namespace = found.key.namespace if found else request.namespace or current_namespace()
    async with open_history(settings) as history:  # before the cluster is asked: it suggests other names and namespaces
        await demand_schedule(history, namespace, request.name)
        run_id = None if request.ids is None else (await find_run(history, request.ids)).id
    plan = found or await _plan_of_cluster(settings, namespace, request.name)
    key = plan.key
    uid = None if request.files else key.uid
    async with open_kept_runs(settings) as reader:
        kept = await reader.load(KeptRunQuery(key.namespace, key.name, uid, run_id))
        async with open_replayer(settings, reader) as replayer:
            result = await replayer.replay(plan, kept)
        targets = await _compare(reader, kept, result)
    written = await _write(settings, kept, result, is_chosen=run_id is not None) if write else None
    return Replayed(kept, result, targets, written)


def _plan_of_files(settings: Settings, request: ReplayRequest) -> SchedulePlan:
    objects = read_all_inputs(request.files).objects
    plans = [plan for plan in plans_of(objects, settings) if request.namespace in {None, plan.key.namespace}]
    found = next((plan for plan in plans if plan.key.name == request.name), None)
    if found is None:
        hint = hint_for(request.name, [plan.key.name for plan in plans]) or "check the name and the namespace"
        raise NotFound(f"{', '.join(map(str, request.files))}: no ScrapeSchedule {request.name} found: {hint}")
    return found


async def _plan_of_cluster(settings: Settings, namespace: str, name: str) -> SchedulePlan:
    try:
        async with ClusterClient() as client:
            obj = await ClusterObjects(client).get(SCRAPE_SCHEDULE, namespace, name)
    except ClusterError as error:
        raise ClusterError(f"{error}; name a file with the spec by --file", status=error.status) from error
    if obj is None:
        remedy = "name another namespace by -n, or a file with the spec by --file"
        raise NotFound(f"there is no ScrapeSchedule {namespace}/{name} in the cluster: {remedy}")
    [plan] = plans_of([obj], settings)
    return plan


async def _compare(reader: KeptRunReader, kept: KeptRun, result: RunResult) -> list[TargetDifferences]:
    return [
        compare(target, await reader.load_items(kept.schedule_uid, target.target) if target.status.is_good else {})
        for target in result.targets
    ]


async def _write(settings: Settings, kept: KeptRun, result: RunResult, *, is_chosen: bool) -> ItemCounts:
    if not result.status.is_good:
        raise NotDone(f"nothing is written, since the replay failed: {result.message}")
    if kept.later_runs and not is_chosen:
        raise NotDone(
            f"nothing is written: {kept.later_runs} later runs stored items, and run {kept.id} would bring back older "
            f"values; add --run {kept.id} to write them all the same"
        )
    async with open_store(settings) as store:
        counts = await store.store_replay(result)
    if counts is None:
        raise NotDone(f"nothing is written: the rows of {kept.namespace}/{kept.name} are deleted")
    return counts


def as_json(replayed: Replayed) -> str:
    """Return a replay as JSON."""
    return json.dumps(_record(replayed), ensure_ascii=False, indent=2)


def _record(replayed: Replayed) -> dict[str, Any]:
    result, written = replayed.result, replayed.written
    return {
        "run": str(replayed.kept.id),
        "scheduledFor": rfc3339(replayed.kept.scheduled_for),
        "generation": result.claim.generation,
        "status": str(result.status),
        "reason": str(result.reason),
        "message": result.message,
        "writtenRun": None if written is None else str(result.claim.id),
        "targets": [_target_record(target) for target in replayed.targets],
        "changes": [_change_record(each) for target in replayed.targets for each in target.differences],
    }


def _target_record(target: TargetDifferences) -> dict[str, Any]:
    result = target.result
    return {
        "name": result.target,
        "status": str(result.status),
        "reason": str(result.reason),
        "message": result.message,
        "pages": result.pages,
        "items": len(result.items),
        **{change.value.lower(): target.counts[change] for change in Change},
        "same": target.same,
        "warnings": list(result.warnings),
    }


def _change_record(difference: Difference) -> dict[str, Any]:
    return {
        "target": difference.target,
        "key": difference.key,
        "change": str(difference.change),
        "before": difference.before,
        "after": difference.after,
    }


def print_replay(replayed: Replayed, shown: int) -> None:
    """Print a replay: what it read, the first differences, and whether they are written."""
    console = open_console()
    print_lines(console, _heading(replayed))
    differences = [each for target in replayed.targets for each in target.differences]
    limit = shown or len(differences)
    for difference in islice(differences, limit):
        print_lines(console, _describe(difference))
    print_lines(console, _ending(replayed, max(0, len(differences) - limit)))


def _heading(replayed: Replayed) -> Iterator[Text]:
    kept, result = replayed.kept, replayed.result
    due, responses = rfc3339(kept.scheduled_for), "1 kept response"
    if kept.responses != 1:
        responses = f"{kept.responses} kept responses"
    yield Text(f"run {kept.id}, due {due}: {responses}, read by generation {result.claim.generation}")
    for target in replayed.targets:
        read = target.result
        outcome = f"{read.status} {read.reason}{read.message and f': {read.message}'}"
        yield Text(f"  target {read.target}: {outcome}; {len(read.items)} items: {_counts(target)}")
        yield from (Text(f"  warning: {warning}", style="yellow") for warning in read.warnings)


def _counts(target: TargetDifferences) -> str:
    counts: Counter[Change] = target.counts
    return ", ".join([*(f"{counts[change]} {change.value.lower()}" for change in Change), f"{target.same} the same"])


def _describe(difference: Difference) -> Iterator[Text]:
    heading = f"{difference.change:<7} {difference.target} {difference.key}"
    yield Text(clip(heading, LINE_MAX_BYTES), style=STYLES.get(difference.change, ""))
    yield from describe_fields(difference.before or {}, difference.after or {})


def _ending(replayed: Replayed, hidden: int) -> Iterator[Text]:
    if hidden:
        yield Text(f"{hidden} more: raise --limit to see them")
    written = replayed.written
    if written is None:
        yield Text("nothing is written: add --write to store this as a run")
    else:
        counts = f"new={written.new} changed={written.changed} gone={written.gone}"
        yield Text(f"written as run {replayed.result.claim.id}: {counts}")
