"""Cron: five fields, macros and `H`, as CronJob reads them, with Debian cron's rule for clock changes.

Decision 0010 says why no library is used.
"""

from scrape_operator.core.schedule.cron.due_times import CronDueTimes
from scrape_operator.core.schedule.cron.expression import CronExpression
from scrape_operator.core.schedule.cron.gaps import shortest_gap
from scrape_operator.core.schedule.cron.parsing import parse_cron

__all__ = ["CronDueTimes", "CronExpression", "parse_cron", "shortest_gap"]
