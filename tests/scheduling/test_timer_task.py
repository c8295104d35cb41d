"""The timer task itself, in a loop whose time jumps to the next timer."""

import asyncio
from datetime import timedelta

import pytest

from scrape_operator.core.schedule.decision import Start
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.scheduling.ownership import SingleReplica
from scrape_operator.scheduling.registry import Registry
from scrape_operator.scheduling.scheduler import Scheduler
from tests.scheduling.harness import compile_plan, schedule
from tests.support.fakes import DayBudgets, Recorder
from tests.support.virtual_time import START, LoopClock, run_virtual


class Watch(Recorder):
    """Notes when each run began, in seconds; a run takes no time."""

    def __init__(self) -> None:
        super().__init__()
        self.began: list[float] = []

    def launch(self, plan: SchedulePlan, state: ScheduleState, start: Start) -> None:
        self.began.append(round((LoopClock().now() - START) / timedelta(seconds=1), 3))


async def life(*news: tuple[float, float]) -> list[float]:
    """Apply schedules after so many seconds, each with its period; give when runs began in the first two seconds."""
    watch = Watch()
    scheduler = Scheduler(
        Registry(compile_plan, timedelta(minutes=5), watch),
        watch,
        watch,
        watch,
        LoopClock(),
        SingleReplica(),
        DayBudgets(),
    )
    task = asyncio.create_task(scheduler.run())
    for at, period in news:
        await asyncio.sleep(at - asyncio.get_running_loop().time())
        scheduler.applied(schedule(f"every-{period}", every=period))
    await asyncio.sleep(2.0 - asyncio.get_running_loop().time())
    task.cancel()
    return watch.began


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ([(0.1, 0.8)], [0.1, 0.8, 1.6]),
        ([(0.1, 1.5), (0.2, 0.9)], [0.1, 0.2, 0.9, 1.5, 1.8]),
        ([(0.1, 0.9), (0.2, 1.5)], [0.1, 0.2, 0.9, 1.5, 1.8]),
    ],
    ids=["sooner than its look at the clock", "sooner than what it waits for", "later than what it waits for"],
)
def test_news_that_come_while_it_sleeps_are_acted_on_in_time(
    news: list[tuple[float, float]], expected: list[float]
) -> None:
    assert run_virtual(life(*news)) == expected
