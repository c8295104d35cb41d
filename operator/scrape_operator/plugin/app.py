"""The command line `kubectl scrape`: its verbs work in the current context; -n names another namespace."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from scrape_operator.cli.program import EXIT_CODES, execute
from scrape_operator.cli.quick import ProgramGroup, QuickCommand, open_app
from scrape_operator.plugin import data_verbs, verbs

NAME = "kubectl scrape"

VERBS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("run", verbs.run),
    ("suspend", verbs.suspend),
    ("resume", verbs.resume),
    ("test", verbs.trial),
    ("doctor", verbs.doctor),
    ("logs", verbs.logs),
)
DATA_VERBS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("runs", data_verbs.runs),
    ("items", data_verbs.items),
    ("export", data_verbs.export),
    ("changes", data_verbs.changes),
    ("replay", data_verbs.replay),
    ("deliveries", data_verbs.deliveries),
    ("redeliver", data_verbs.redeliver),
)
PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}

WITHOUT_CLUSTER = ("init", "lint", "next", "local", "migrate", "crd", "platforms", "version", "odds", "results")
"""The verbs of `scrape-operator` alone."""


class KubectlScrape(ProgramGroup):
    """The plugin, which names `scrape-operator` for the verbs of that."""

    elsewhere: ClassVar = {verb: f"no such command {verb!r}; write: scrape-operator {verb}" for verb in WITHOUT_CLUSTER}


app = open_app(NAME, "Look after ScrapeSchedules with kubectl.", group=KubectlScrape, has_completion=False)
for _name, _verb in VERBS:
    app.command(_name, cls=QuickCommand, epilog=EXIT_CODES)(_verb)
for _name, _verb in DATA_VERBS:
    app.command(_name, cls=QuickCommand, context_settings=PASSED_ON)(_verb)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the plugin and end the process."""
    execute(app, NAME, arguments)
