"""Names of time zones: those of the tz database, and no others."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

import scrape_operator
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.schedule.time_zones import parse_time_zone, time_zone
from scrape_operator.extraction.workers.frames import requested_document


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


@pytest.fixture
def old_rules(tmp_path: Path) -> Iterator[None]:
    """The tz database of the machine has no summer time for Cairo."""
    (tmp_path / "Africa").mkdir()
    rules = files("tzdata").joinpath("zoneinfo", "Etc", "UTC").read_bytes()
    (tmp_path / "Africa" / "Cairo").write_bytes(rules)
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(tmp_path)])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("old_rules")
def test_rules_are_those_of_the_package_and_not_of_the_machine() -> None:
    header = {"url": "", "content_type": "", "scheduled_for": None, "fetched_at": None, "wants_hints": False}
    in_a_worker = requested_document({**header, "time_zone": "Africa/Cairo"}, b"").time_zone
    for zone in (parse_time_zone("Africa/Cairo"), in_a_worker):
        assert datetime(2026, 7, 1, tzinfo=zone).utcoffset() == timedelta(hours=3)


def test_a_name_has_one_zone() -> None:
    zone = parse_time_zone("Asia/Tokyo")
    assert zone is time_zone("Asia/Tokyo")
    assert (zone.key, str(zone)) == ("Asia/Tokyo", "Asia/Tokyo")


def test_no_zone_is_read_past_the_package() -> None:
    sources = Path(scrape_operator.__file__).parent.rglob("*.py")
    assert [file.name for file in sources if "ZoneInfo(" in file.read_text("utf-8")] == []
