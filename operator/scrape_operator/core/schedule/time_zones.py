"""Names of time zones (`spec.timeZone`): the entries of the tz database, as in CronJob.

The names are those of the `tzdata` package, so that every replica and the CLI agree. The entries `localtime`,
`posix/…` and `right/…` of a machine are not accepted.
"""

from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scrape_operator.core.errors import InvalidValue

MAX_LENGTH = 64


def parse_time_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name such as `Europe/Berlin` or `Etc/UTC`.

    Raises:
        InvalidValue: there is no zone of that name; offsets, `Local` and the empty text are none.

    """
    known = _names()
    if name not in known.values():
        meant = known.get(name.lower(), "such as Europe/Berlin or Etc/UTC")
        raise InvalidValue(f"{name[:MAX_LENGTH]!r} is no time zone: use a name of the IANA tz database, {meant}")
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise InvalidValue(
            f"time zone {name!r} can't be read: the tz database of this installation lacks it"
        ) from error


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Return every name, by its lower case."""
    return {name.lower(): name for name in files("tzdata").joinpath("zones").read_text("ascii").split()}
