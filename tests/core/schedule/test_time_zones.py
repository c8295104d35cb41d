"""Names of time zones: those of the tz database, and no others."""

from datetime import UTC, datetime, timedelta

import pytest

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.schedule.time_zones import parse_time_zone


@pytest.mark.parametrize(
    "name",
    [
        "Etc/UTC",
        "UTC",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "America/Argentina/Buenos_Aires",
        "US/Pacific",
        "EST5EDT",
    ],
)
def test_a_name_of_the_tz_database_is_a_time_zone(name: str) -> None:
    assert parse_time_zone(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Local",
        "local",
        "localtime",
        "+02:00",
        "UTC+2",
        "GMT+2",
        "Mars/Olympus",
        "posix/Europe/Berlin",
        "right/UTC",
        "posixrules",
        "../zoneinfo/UTC",
        "/etc/localtime",
        "Europe",
        "Europe/Berlin ",
        "Europe/Berlin\n",
        "Europe/Ber\x00lin",
        "x" * 10_000,
    ],
    ids=lambda name: repr(name[:20]),
)
def test_another_text_is_refused_with_a_remedy(name: str) -> None:
    with pytest.raises(
        InvalidValue, match="is no time zone: use a name of the IANA tz database, such as Europe/Berlin"
    ) as refusal:
        parse_time_zone(name)
    assert len(str(refusal.value)) < 400
    assert repr(name[:64]) in str(refusal.value)


def test_a_name_in_the_wrong_case_is_refused_with_the_right_one() -> None:
    with pytest.raises(InvalidValue, match=r"Europe/Berlin$"):
        parse_time_zone("europe/berlin")


def test_a_time_zone_knows_its_offsets() -> None:
    summer = datetime(2026, 7, 1, tzinfo=UTC).astimezone(parse_time_zone("Europe/Berlin"))
    assert summer.utcoffset() == timedelta(hours=2)
