"""Verbs of the operator itself: its process, its database, its CRDs and its version."""

import json

import typer

from scrape_operator.cli.formats import ManifestFormat, ManifestOption, Output, OutputOption
from scrape_operator.cli.program import ExitCode, await_result


def run() -> None:
    """Run the operator until SIGTERM. It is configured by environment variables (docs/configuration.md).

    Example: DATABASE_URL=sqlite:///runs.db scrape-operator run
    """
    from scrape_operator.settings import read_settings
    from scrape_operator.watching.process import run_process

    raise typer.Exit(run_process(read_settings()))


def results() -> None:
    """Serve runs and items to the Kubernetes API server, until SIGTERM. Reads DATABASE_URL's database.

    Example: DATABASE_URL=postgresql://scrape@db.example/scrape scrape-operator results
    """
    from scrape_operator.clock import SystemClock
    from scrape_operator.reporting.logs import configure
    from scrape_operator.results.process import run_results
    from scrape_operator.settings import read_settings

    settings = read_settings()
    configure(settings.log_format, settings.log_level)
    run_results(settings, SystemClock())


def migrate(output: OutputOption = Output.TEXT) -> None:
    """Bring the database to this version's schema. It may be run again at any time.

    The database is that of DATABASE_URL, or without it the SQLite file of SCRAPE_OPERATOR_SQLITE_PATH.

    Example: DATABASE_URL=postgresql://scrape@db.example/scrape scrape-operator migrate
    """
    from scrape_operator.settings import read_settings
    from scrape_operator.storage.engine.migrate import upgrade
    from scrape_operator.storage.engine.schema_version import HEAD

    settings = read_settings()
    await_result(upgrade(settings))
    if output is Output.JSON:
        typer.echo(json.dumps({"database": settings.database_name, "schema": HEAD}))
    else:
        typer.echo(f"{settings.database_name} is up to date")


def crd(output: ManifestOption = ManifestFormat.YAML) -> None:
    """Print the CustomResourceDefinitions: YAML documents, or a List as JSON.

    Example: scrape-operator crd | kubectl apply --server-side -f -
    """
    from scrape_operator.api.schema.crd import crd_yaml, crds

    if output is ManifestFormat.JSON:
        typer.echo(json.dumps({"apiVersion": "v1", "kind": "List", "items": crds()}, indent=2))
    else:
        typer.echo(crd_yaml(), nl=False)


def platforms(output: OutputOption = Output.JSON) -> None:
    """Print the installed platforms as JSON, each with the JSON schema of its config; -o text prints their names.

    Platforms that cannot be loaded are named on standard error, with exit code 1.

    Example: scrape-operator platforms
    """
    from scrape_operator.cli.platforms import describe_platforms
    from scrape_operator.platforms.registry import installed_platforms

    registry = installed_platforms()
    schemas, broken = describe_platforms(registry)
    typer.echo(schemas if output is Output.JSON else "\n".join(registry.names))
    for line in broken:
        typer.echo(line, err=True)
    if broken:
        raise typer.Exit(ExitCode.FOUND)


def version(output: OutputOption = Output.TEXT) -> None:
    """Print the version.

    Example: scrape-operator version -o json
    """
    from scrape_operator import __version__

    typer.echo(__version__ if output is Output.TEXT else json.dumps({"version": __version__}))
