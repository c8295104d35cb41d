"""A schedule lives through clocks that run, jump and change, kills, edits, suspends and overlaps: what always holds."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from scrape_operator.core.durations import parse_duration
from scrape_operator.core.runs.run import RunStatus, Trigger
from scrape_operator.core.runs.slot import Due, Slot
from scrape_operator.core.schedule.due_times import stable_offset
from scrape_operator.core.schedule.instants import EPOCH
from scrape_operator.core.schedule.windows import DAYS
from tests.core.schedule.cron import reference
from tests.core.schedule.cron.strategies import changes, expressions
from tests.scheduling.world import UID, Row, World

RAN = {RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELED}
MINUTE = timedelta(minutes=1)

clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 30]))
windows = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["Allow", "Deny"]),
        "days": st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
        "from": clocks,
        "to": clocks,
    }
).filter(lambda window: window["from"] != window["to"])
timings = st.one_of(
    st.lists(expressions(), min_size=1, max_size=3).map(lambda texts: {"schedules": texts}),
    st.sampled_from(["90s", "7m", "1h", "24h"]).map(lambda interval: {"interval": interval, "timeout": "60s"}),
)
policies = st.fixed_dictionaries(
    {},
    optional={
        "concurrencyPolicy": st.sampled_from(["Forbid", "Replace", "Queue"]),
        "missedRunPolicy": st.sampled_from(["RunOnce", "Skip"]),
        "startingDeadlineSeconds": st.sampled_from([1, 60, 3600, 86_400]),
        "suspendAfterFailures": st.integers(1, 3),
        "suspend": st.booleans(),
        "windows": st.lists(windows, max_size=2),
    },
)


class Life(RuleBasedStateMachine):
    """Checks every row that comes against a literal reading of the spec that was in force."""

    @initialize(change=changes(), timing=timings, policy=policies)
    def begin(self, change: tuple[ZoneInfo, datetime], timing: dict[str, Any], policy: dict[str, Any]) -> None:
        self.zone, self.day = change
        self.world = World(self.day - timedelta(days=1))
        self.specs: dict[int, dict[str, Any]] = {}
        self.seen: set[Slot] = set()
        self.restarted = self.went_back = self.ever_went_back = False
        self.tokens = 0
        self.floor = self.world.now
        self.edit(timing, policy)

    @rule(timing=timings, policy=policies, bounds=st.none() | st.tuples(st.integers(-30, 30), st.integers(1, 90)))
    def the_spec_changes(self, timing: dict[str, Any], policy: dict[str, Any], bounds: tuple[int, int] | None) -> None:
        if bounds is not None:
            start = self.world.now + timedelta(hours=bounds[0])
            end = start + timedelta(hours=bounds[1])
            policy = policy | {"startTime": f"{start:%Y-%m-%dT%H:%M:%SZ}", "endTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
        self.edit(timing, policy)

    def edit(self, timing: dict[str, Any], policy: dict[str, Any]) -> None:
        spec = {**timing, **policy, "timeZone": self.zone.key}
        self.specs[self.world.generation + 1] = spec
        self.begin_period()
        self.world.apply(spec)

    @rule()
    def it_is_suspended_or_resumed(self) -> None:
        spec = self.specs[self.world.generation]
        self.edit({}, spec | {"suspend": not spec.get("suspend", False)})

    @rule(hours=st.floats(0, 12))
    def time_passes(self, hours: float) -> None:
        self.in_force(lambda: self.world.pass_time(hours * 3600))

    @rule(seconds=st.sampled_from([3600.0, 86_400.0]) | st.floats(1, 400_000))
    def the_clock_jumps_forward(self, seconds: float) -> None:
        self.in_force(lambda: self.world.jump(seconds))

    @rule(seconds=st.sampled_from([3600.0, 86_400.0]) | st.floats(2, 400_000))
    def the_clock_jumps_back(self, seconds: float) -> None:
        self.went_back = self.ever_went_back = True
        self.floor = min(self.floor, self.world.now - timedelta(seconds=seconds))
        self.in_force(lambda: self.world.jump(-seconds))

    @rule(good=st.booleans())
    def the_run_ends(self, good: bool) -> None:
        self.in_force(lambda: self.world.end_run(good=good))

    @rule()
    def somebody_asks_for_a_run(self) -> None:
        self.tokens += 1
        self.in_force(lambda: self.world.apply(token=f"token-{self.tokens}"))

    @rule(seconds=st.sampled_from([0.0, 30.0, 7200.0, 200_000.0]))
    def the_process_is_killed_and_starts_again(self, seconds: float) -> None:
        self.restarted = True
        of_generation = (row for row in self.world.rows.values() if row.generation == self.world.generation)
        if self.world.flights and not any(row.trigger is Trigger.SCHEDULED for row in of_generation):
            self.went_back = True  # no row tells of this generation yet: what waited for its first claim is not known
        self.in_force(lambda: self.world.crash(seconds))

    @rule()
    def the_pool_is_full_or_has_room_again(self) -> None:
        self.world.has_room = not self.world.has_room
        self.in_force(self.world.settle)

    @precondition(lambda self: not self.world.flights and self.world.entry is not None and not self.ever_went_back)
    @rule()
    def a_restart_changes_no_phase(self) -> None:
        entry = self.world.entry
        assert entry is not None
        if self.world.rows and entry.state.queued is None:
            before = entry.state.next_due
            self.the_process_is_killed_and_starts_again(0.0)
            after = self.world.entry
            assert after is not None
            assert after.state.next_due == before or self.world.flights or self.world.is_paused

    def in_force(self, act: Any) -> None:
        """Do something, and see whether a pause that it ended begins a new period."""
        was_paused = self.world.is_paused
        act()
        if was_paused and not self.world.is_paused:
            self.begin_period()

    def begin_period(self) -> None:
        """From now on nothing that was due before may be run."""
        self.floor = self.world.now
        known = [row.scheduled_for for row in self.world.rows.values()]
        known += [flight.start.scheduled_for for flight in self.world.flights.values()]
        known += [held.row.scheduled_for for held in self.world.unwritten_skips()]
        if self.world.entry is not None and self.world.entry.state.queued is not None:
            known.append(self.world.entry.state.queued.scheduled_for)
        self.went_back = any(due > self.floor for due in known)

    @invariant()
    def every_new_row_is_what_the_spec_says(self) -> None:
        for row in list(self.world.rows.values()):
            if row.slot not in self.seen and row.is_due_time:
                self.check(row)
            self.seen.add(row.slot)

    def check(self, row: Row) -> None:
        assert any(self.is_due(spec, row.scheduled_for) for spec in self.specs.values()), row
        spec = self.specs[row.generation]
        if row.status in RAN and self.is_due(spec, row.scheduled_for):
            assert self.is_inside(spec, row.scheduled_for), row
            assert not spec.get("suspend"), row

    def is_due(self, spec: dict[str, Any], instant: datetime) -> bool:
        start, end = spec.get("startTime"), spec.get("endTime")
        if (start and instant < datetime.fromisoformat(start)) or (end and instant > datetime.fromisoformat(end)):
            return False
        if "schedules" in spec:
            whole = instant.replace(second=0, microsecond=0)
            return reference.due_times(spec["schedules"], self.zone, whole, whole + MINUTE) == [instant]
        period = parse_duration(spec["interval"])
        return (instant - EPOCH - stable_offset(UID, period)) % period == timedelta(0)

    def is_inside(self, spec: dict[str, Any], instant: datetime) -> bool:
        inside = {
            window["mode"]
            for window in spec.get("windows", ())
            if reference.is_inside(window["days"], window["from"], window["to"], instant, self.zone)
        }
        only_denied = all(window["mode"] == "Deny" for window in spec.get("windows", ()))
        return "Deny" not in inside and ("Allow" in inside or only_denied)

    @invariant()
    def no_slot_is_started_twice(self) -> None:
        """The database would refuse it; only a new process after a jump back may have to ask it."""
        assert not self.world.conflicts or self.restarted

    @invariant()
    def nothing_is_made_up_for(self) -> None:
        if self.went_back:
            return
        for flight in self.world.flights.values():
            if flight.plan.generation == self.world.generation and flight.start.is_due_time:
                first = flight.start.scheduled_for
                assert first > self.floor or self.is_due(self.specs[self.world.generation - 1], first)

    @invariant()
    def the_next_run_lies_ahead(self) -> None:
        entry = self.world.entry
        if entry is not None and entry.state.next_due is not None:
            assert entry.state.next_due > self.world.now

    @invariant()
    def due_times_are_runs_and_skips_and_missed(self) -> None:
        entry = self.world.entry
        if entry is None or self.world.is_paused or self.went_back or self.world.unwritten_skips():
            return
        state, due_times = entry.state, entry.plan.due_times
        assert due_times is not None
        assert state.last_slot is not None
        slots = {row.slot: row.missed for row in self.world.rows.values() if self.counts(row, state.last_slot)}
        waiting = [flight.start for flight in self.world.flights.values() if flight.start.is_due_time]
        for start in waiting:
            if self.floor < start.scheduled_for:
                slots[start.slot] = start.missed
        if state.queued is not None and isinstance(state.queued.slot, Due) and self.floor < state.queued.scheduled_for:
            slots[state.queued.slot] = state.queued.missed
        assert due_times.count_between(self.floor, state.last_slot) == sum(1 + missed for missed in slots.values())

    def counts(self, row: Row, until: datetime) -> bool:
        return row.is_due_time and self.floor < row.scheduled_for <= until


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=80,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes, and says little more
    report_multiple_bugs=False,
)
