from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from scrape_operator.scheduling.queue import TimerQueue

START = datetime(2026, 11, 25, tzinfo=UTC)
uids = st.sampled_from([f"uid-{n}" for n in range(8)])
times = st.integers(0, 100).map(lambda n: START + timedelta(seconds=n))


class QueueAgreesWithADictionary(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue = TimerQueue()
        self.model: dict[str, datetime] = {}

    @rule(uid=uids, due=times)
    def set_due(self, uid: str, due: datetime) -> None:
        self.queue.set(uid, due)
        self.model[uid] = due

    @rule(uid=uids)
    def remove(self, uid: str) -> None:
        self.queue.set(uid, None)
        self.model.pop(uid, None)

    @rule(now=times, limit=st.integers(1, 10))
    def pop(self, now: datetime, limit: int) -> None:
        popped = list(self.queue.pop_due(now, limit))
        expected = sorted(due for due in self.model.values() if due <= now)[:limit]
        assert [self.model.pop(uid) for uid in popped] == expected

    @invariant()
    def next_due_is_the_earliest(self) -> None:
        assert self.queue.next_due() == min(self.model.values(), default=None)
        assert len(self.queue) == len(self.model)


TestQueue = QueueAgreesWithADictionary.TestCase
TestQueue.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
