"""What hypothesis draws for schedules: expressions, and places in time where clocks do odd things."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.schedule.cron import parse_cron
from tests.core.schedule.cron.reference import MONTHS, WEEKDAYS

CLOCK_CHANGES = [
    ("Etc/UTC", datetime(2028, 2, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("Europe/Dublin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),  # half an hour
    ("Australia/Lord_Howe", datetime(2026, 10, 3, tzinfo=UTC)),
    ("Pacific/Chatham", datetime(2026, 4, 4, tzinfo=UTC)),  # at 02:45
    ("Pacific/Chatham", datetime(2026, 9, 26, tzinfo=UTC)),
    ("America/St_Johns", datetime(2006, 4, 2, tzinfo=UTC)),  # at 00:01, forward
    ("America/St_Johns", datetime(2006, 10, 29, tzinfo=UTC)),  # and back into the day before
    ("America/Santiago", datetime(2026, 9, 6, tzinfo=UTC)),  # midnight is skipped
    ("America/Santiago", datetime(2026, 4, 5, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 11, 1, tzinfo=UTC)),  # midnight comes twice
    ("Africa/Casablanca", datetime(2026, 2, 15, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 3, 22, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 3, 29, tzinfo=UTC)),  # two hours
    ("Antarctica/Troll", datetime(2026, 10, 25, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),  # a day is skipped
    ("Pacific/Kiritimati", datetime(1994, 12, 31, tzinfo=UTC)),  # a day is skipped, at the turn of the year
    ("Pacific/Kwajalein", datetime(1969, 9, 30, tzinfo=UTC)),  # 23 hours come twice
    ("Asia/Kathmandu", datetime(1985, 12, 31, tzinfo=UTC)),  # a quarter of an hour is skipped, at the turn of the year
    ("Antarctica/Palmer", datetime(1965, 1, 1, tzinfo=UTC)),  # at the turn of the year in UTC, back
    ("Antarctica/Casey", datetime(1969, 1, 1, tzinfo=UTC)),  # and forward
]


def changes() -> st.SearchStrategy[tuple[ZoneInfo, datetime]]:
    """Draw a zone and a day on which, or next to which, its clock changes."""
    return st.sampled_from(CLOCK_CHANGES).map(lambda change: (ZoneInfo(change[0]), change[1]))


def _field(low: int, high: int, likely: list[int], names: str = "") -> st.SearchStrategy[str]:
    numbers = st.one_of(st.sampled_from(likely), st.integers(low, high))
    written = st.one_of(numbers.map(str), st.sampled_from(names.split())) if names else numbers.map(str)
    steps = st.integers(1, high + 2).map(lambda step: f"/{step}")
    ranges = st.tuples(numbers, numbers).map(lambda ends: f"{min(ends)}-{max(ends)}")
    elements = st.one_of(
        written,
        ranges,
        st.tuples(ranges, steps).map("".join),
        st.tuples(numbers.map(str), steps).map("".join),
        st.tuples(st.sampled_from("*?"), steps).map("".join),
        st.sampled_from("*?"),
    )
    return st.one_of(elements, st.lists(elements, min_size=2, max_size=3).map(",".join))


def _is_read(text: str) -> bool:
    try:
        parse_cron(text, "uid")
    except InvalidValue:
        return False
    return True


def expressions() -> st.SearchStrategy[str]:
    """Draw expressions without `H`, most of them about the small hours, where clocks are changed."""
    every = st.sampled_from("*?")
    return (
        st.tuples(
            _field(0, 59, [0, 1, 15, 30, 45]),
            _field(0, 23, [0, 1, 2, 3, 23]),
            st.one_of(every, _field(1, 31, [1, 28, 29, 30, 31])),
            st.one_of(every, _field(1, 12, [2, 3, 10], MONTHS)),
            st.one_of(every, _field(0, 6, [0, 6], WEEKDAYS), st.sampled_from(["7", "5-7", "0-7", "1,7"])),
        )
        .map(" ".join)
        .filter(_is_read)
    )
