"""The verb `odds` with its sub-verbs: their arguments and exit codes. `odds` alone compares.

What they do is in modules that are imported when they are called.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.program import EXIT_CODES, ExitCode, await_result
from scrape_operator.cli.quick import QuickCommand, QuickGroup, open_app
from scrape_operator.core.durations import parse_duration
from scrape_operator.core.errors import InvalidValue

COMPARE = "compare"


class _DefaultGroup(QuickGroup):
    """A group whose first argument may be one of the default verb: `odds 81000001` is `odds compare 81000001`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Name the default verb where the arguments name none."""
        names_verb = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if names_verb else [COMPARE, *args])


odds_app = open_app(
    "odds",
    "Compare odds, print their history, or report what bookmakers have in common.",
    group=_DefaultGroup,
    is_program=False,
)

Markets = Annotated[
    list[str] | None, typer.Option("-m", "--market", help="Only this market, such as over_under; may be repeated.")
]
Format = Annotated[RowFormat, typer.Option("-o", "--output", help="table, json, ndjson, csv or parquet.")]


def _age(text: str | None) -> timedelta | None:
    try:
        return None if text is None else parse_duration(text)
    except InvalidValue as error:
        raise typer.BadParameter(str(error), param_hint="--max-age") from error


def _known(markets: Sequence[str] | None) -> Sequence[str]:
    """Return the markets that are asked for; one that does not exist ends the program with exit code 2."""
    from scrape_operator.platforms.odds.markets import MARKETS

    for name in markets or ():
        if name not in MARKETS:
            raise typer.BadParameter(f"no market {name!r}: known are {', '.join(MARKETS)}", param_hint="--market")
    return markets or ()


@odds_app.command(COMPARE, cls=QuickCommand, epilog=EXIT_CODES)
def compare(
    event: Annotated[
        str | None,
        typer.Argument(help="An event's id, SportRadar's id, or part of the teams' names. Absent: the next."),
    ] = None,
    markets: Markets = None,
    count: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many events at the most.")] = 5,
    max_age: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Older prices do not compete. Absent: two intervals of their schedule."),
    ] = None,
    output: Format = RowFormat.TABLE,
) -> None:
    """Compare what bookmakers offer: the best fresh price of each outcome is marked, with margins and ages.

    Without EVENT the 1x2 of the events that begin next. Reads DATABASE_URL's database, also while an operator uses it.

    Example: scrape-operator odds Arsenal -m over_under
    """
    from scrape_operator.cli.odds import compare_odds, nothing_found, print_compared
    from scrape_operator.settings import read_settings

    settings, now = read_settings(), datetime.now(UTC)
    compared = await_result(compare_odds(settings, event, _known(markets), now, count, _age(max_age)))
    await_result(print_compared(compared, now, output))
    if not compared:
        typer.echo(await_result(nothing_found(settings, event)), err=True)
        raise typer.Exit(ExitCode.FINE if event is None else ExitCode.FOUND)


@odds_app.command(cls=QuickCommand, epilog=EXIT_CODES)
def history(
    event: Annotated[str, typer.Argument(help="An event's id, SportRadar's id, or part of the teams' names.")],
    markets: Markets = None,
    output: Format = RowFormat.TABLE,
) -> None:
    """Print each price of an event over time, with its opening and closing price.

    Example: scrape-operator odds history Arsenal -m 1x2
    """
    from scrape_operator.cli.odds import nothing_found
    from scrape_operator.cli.odds_reports import print_history
    from scrape_operator.settings import read_settings

    settings = read_settings()
    if not await_result(print_history(settings, event, _known(markets), datetime.now(UTC), output)):
        typer.echo(await_result(nothing_found(settings, event)), err=True)
        raise typer.Exit(ExitCode.FOUND)


@odds_app.command(cls=QuickCommand, epilog=EXIT_CODES)
def coverage(output: Format = RowFormat.TABLE) -> None:
    """Report events by the bookmakers that list them, unmatched events with reasons, and missing markets.

    Example: scrape-operator odds coverage
    """
    from scrape_operator.cli.odds_reports import print_coverage
    from scrape_operator.settings import read_settings

    await_result(print_coverage(read_settings(), datetime.now(UTC), output))
