"""Cron: five fields, macros and `H`, as CronJob reads them, with Debian cron's rule for clock changes.

The plan compiler parses texts with `parse_cron` and hands `CronDueTimes` to whoever asks when a
schedule is due. Decision 0010 says why the arithmetic is our own.
"""

from scrape_operator.core.schedule.cron.due_times import CronDueTimes
from scrape_operator.core.schedule.cron.expression import CronExpression
from scrape_operator.core.schedule.cron.parsing import MAX_LENGTH, parse_cron

__all__ = ["MAX_LENGTH", "CronDueTimes", "CronExpression", "parse_cron"]
