"""What the demo shows on the terminal. Called by `tests.dev.demo.__main__`."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.dev.demo.ledger import Run, percentile

LOG_WIDTH = 120
COLOURS = {"SUCCEEDED": "green", "PARTIALLY_SUCCEEDED": "yellow", "FAILED": "red"}


class Screen:
    """Lines and tables; plain text where the output is no terminal."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        if not self._console.is_terminal:
            self._console.width = LOG_WIDTH
        self.commands: list[tuple[str, str]] = []
        """What was shown as commands, each with what it gave."""

    def heading(self, text: str) -> None:
        """Begin a part."""
        self._console.print(f"\n[bold]{text}[/bold]")

    def line(self, text: str) -> None:
        """Show one line as it stands."""
        self._console.print(text, markup=False)

    def command(self, text: str, output: str) -> None:
        """Show a command as a person would type it, and what it gave."""
        self.commands.append((text, output))
        self._console.print(Text(f"$ {text}", style="cyan"))
        self._console.print(output.rstrip(), markup=False)

    def run(self, run: Run) -> None:
        """Show a run that has ended in one line."""
        outcome = run.status if run.status == "SUCCEEDED" else f"{run.status} {run.reason}"
        changes = [(run.new, "new"), (run.changed, "changed"), (run.gone, "gone")]
        counts = ", ".join(f"{number} {word}" for number, word in changes if number) or "nothing new"
        took = f", {_ms(run.completed_at, run.started_at)} ms" if run.started_at else ""
        text = Text(f"{run.completed_at.astimezone():%H:%M:%S}  {run.name:<19} {run.trigger:<9} ")
        text.append(f"{outcome:<37} ", style=COLOURS.get(run.status, ""))
        text.append(
            f"{run.items:>4} {'item: ' if run.items == 1 else 'items:'} {counts}{took}"
            if run.items
            else run.message or took.removeprefix(", ")
        )
        self._console.print(text)

    def summary(self, runs: Sequence[Run], items: int) -> None:
        """Show what became of all runs."""
        table = Table(title="Runs by schedule and outcome", title_justify="left", title_style="bold")
        for column in ("schedule", "outcome", "runs", "items", "new", "changed"):
            table.add_column(column, justify="left" if column in {"schedule", "outcome"} else "right")
        for name, status, reason in sorted({(run.name, run.status, run.reason) for run in runs}):
            same = [run for run in runs if (run.name, run.status, run.reason) == (name, status, reason)]
            outcome = status if status == "SUCCEEDED" else f"{status} {reason}"
            sums = (len(same), same[-1].items, sum(run.new for run in same), sum(run.changed for run in same))
            table.add_row(name, Text(outcome, style=COLOURS.get(status, "")), *map(str, sums))
        self._console.print(table)
        self._console.print(f"{len(runs)} runs; {items} items are kept, each once.{_skew(runs)}")

    def problems(self, found: Sequence[str]) -> None:
        """Show what did not work."""
        for problem in found:
            self._console.print(Text(f"✗ {problem}", style="bold red"))


def _skew(runs: Sequence[Run]) -> str:
    skews = [run.skew for run in runs if run.skew is not None and run.trigger == "scheduled"]
    if not skews:
        return ""
    p50, p99 = (percentile(skews, percent).total_seconds() * 1000 for percent in (50, 99))
    return f" Scheduled runs began {p50:.1f} ms (median) and {p99:.1f} ms (99th percentile) after they were due."


def _ms(end: datetime, start: datetime) -> int:
    return round((end - start).total_seconds() * 1000)
