"""Time zones (`spec.timeZone`): the entries of the tz database, as in CronJob.

Names and rules are those of the `tzdata` package, so that every replica and the CLI agree: a machine may have older
rules. Its entries `localtime`, `posix/…` and `right/…` are not accepted.
"""

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from scrape_operator.core.errors import InvalidValue

MAX_LENGTH = 64


@cache
def time_zone(name: str) -> ZoneInfo:
    """Return the time zone of a name that `parse_time_zone` accepts: one object for each name.

    It cannot be pickled. Processes exchange its `key`.
    """
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


UTC_ZONE = time_zone("Etc/UTC")


def parse_time_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name such as `Europe/Berlin` or `Etc/UTC`.

    Raises:
        InvalidValue: there is no zone of that name; offsets, `Local` and the empty text are none.

    """
    known = _names()
    if known.get(name.lower()) != name:
        meant = known.get(name.lower(), "such as Europe/Berlin or Etc/UTC")
        raise InvalidValue(f"{name[:MAX_LENGTH]!r} is no time zone: use a name of the IANA tz database, {meant}")
    return time_zone(name)


@cache
def _names() -> dict[str, str]:
    """Return every name, by its lower case."""
    return {name.lower(): name for name in files("tzdata").joinpath("zones").read_text("ascii").split()}
