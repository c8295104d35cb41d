"""A schedule lives through clocks that run, jump and change, restarts and new plans: what holds all along."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from scrape_operator.core.schedule.bounds import BoundedDueTimes
from scrape_operator.core.schedule.cron import CronDueTimes, parse_cron
from scrape_operator.core.schedule.due_times import DueTimes, IntervalDueTimes, stable_offset
from scrape_operator.core.schedule.windows import DAYS, Windows, parse_window
from tests.core.schedule.cron import reference
from tests.core.schedule.cron.strategies import changes, expressions

MOMENT = timedelta(microseconds=1)
UIDS = ("6f2a8a6e-63f7-4f3c-9a55-0d3c5b1f7a10", "0b9e3c52-5b1c-4a57-8f0e-54b1c3a7d9e2")

clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 30]))
window_specs = st.tuples(
    st.sampled_from(["Allow", "Deny"]), st.lists(st.sampled_from(DAYS), min_size=1), clocks, clocks
).filter(lambda spec: spec[2] != spec[3])
hashed = st.sampled_from(["H * * * *", "H H * * *", "H/20 H(0-3) * * *", "H 2 H/7 * *", "H(0-29)/10 1-3 * * 0,6"])
timings = st.one_of(
    st.lists(st.one_of(expressions(), hashed), min_size=1, max_size=4),
    st.integers(1, 100_000).map(lambda seconds: timedelta(seconds=seconds)),
)
bounds = st.one_of(st.none(), st.timedeltas(timedelta(days=-3), timedelta(days=3)))


class Schedule(RuleBasedStateMachine):
    """Runs what is due, as the timer queue does: each slot once, none in the past."""

    @initialize(
        change=changes(),
        timing=timings,
        uid=st.sampled_from(UIDS),
        windows=st.lists(window_specs, max_size=3),
        start=bounds,
        end=bounds,
    )
    def plan(
        self,
        change: tuple[ZoneInfo, datetime],
        timing: list[str] | timedelta,
        uid: str,
        windows: list[tuple[str, list[str], str, str]],
        start: timedelta | None,
        end: timedelta | None,
    ) -> None:
        self.zone, day = change
        self.timing, self.uid, self.window_specs = timing, uid, windows
        self.start = None if start is None else day + start
        self.end = None if end is None else day + end
        if self.start is not None and self.end is not None and self.start >= self.end:
            self.end = None
        self.now = day - timedelta(days=1)
        self.last_slot = self.now
        self.runs: list[datetime] = []
        self.compile()

    def compile(self) -> None:
        self.due_times = BoundedDueTimes(self.unbounded(), self.start, self.end)
        self.windows = Windows(tuple(parse_window(*spec) for spec in self.window_specs), self.zone)

    def unbounded(self) -> DueTimes:
        if isinstance(self.timing, timedelta):
            return IntervalDueTimes(self.timing, stable_offset(self.uid, self.timing))
        return CronDueTimes(tuple(parse_cron(text, self.uid) for text in self.timing), self.zone)

    @rule(step=st.timedeltas(timedelta(0), timedelta(hours=6)))
    def time_passes(self, step: timedelta) -> None:
        self.now += step
        self.run_what_is_due()

    @rule()
    def time_passes_until_something_is_due(self) -> None:
        self.now = self.due_times.next_after(self.now) or self.now
        self.run_what_is_due()

    @rule(jump=st.timedeltas(timedelta(days=-2), timedelta(days=9)))
    def the_clock_jumps(self, jump: timedelta) -> None:
        self.now += jump
        self.run_what_is_due()

    @rule()
    def the_process_restarts(self) -> None:
        following, latest = self.due_times.next_after(self.now), self.due_times.latest_until(self.now)
        self.compile()
        assert (self.due_times.next_after(self.now), self.due_times.latest_until(self.now)) == (following, latest)

    @rule(timing=timings)
    def the_plan_changes(self, timing: list[str] | timedelta) -> None:
        self.timing = timing
        self.compile()
        self.last_slot = max(self.last_slot, self.now)

    def run_what_is_due(self) -> None:
        due = self.due_times.latest_until(self.now)
        if due is None or due <= self.last_slot:
            return
        assert self.due_times.count_between(self.last_slot, due) >= 1
        self.last_slot = due
        if self.windows.allows(due):
            self.runs.append(due)

    @invariant()
    def the_next_time_is_in_the_future_and_the_latest_is_not(self) -> None:
        following, latest = self.due_times.next_after(self.now), self.due_times.latest_until(self.now)
        assert following is None or following > self.now
        assert latest is None or latest <= self.now
        if following is not None and latest is not None:
            assert self.due_times.count_between(latest - MOMENT, following) == 2

    @invariant()
    def no_slot_runs_twice(self) -> None:
        assert all(before < after for before, after in pairwise(self.runs))

    @invariant()
    def no_run_is_outside_the_bounds(self) -> None:
        assert all(self.start is None or self.start <= run for run in self.runs)
        assert all(self.end is None or run <= self.end for run in self.runs)

    @invariant()
    def no_run_is_outside_the_windows(self) -> None:
        for run in self.runs[-1:]:
            inside = {
                mode
                for mode, days, start, end in self.window_specs
                if reference.is_inside(days, start, end, run, self.zone)
            }
            assert "Deny" not in inside
            assert "Allow" in inside or all(mode == "Deny" for mode, *_ in self.window_specs)


TestSchedule = Schedule.TestCase
TestSchedule.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
