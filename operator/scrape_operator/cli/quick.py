"""Commands of typer that start without its imports of pydantic and rich, which take longer than all else of `--help`.

typer imports pydantic to convert the value of a parameter. Flags and formats need no conversion by it, and a shell that
completes needs none at all.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, cast

import typer
from typer.core import TyperCommand, TyperGroup

from scrape_operator.cli.program import EXIT_CODES


class QuickCommand(TyperCommand):
    """A verb."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters."""
        return _without_conversion(super().get_params(ctx), ctx)


class QuickGroup(TyperGroup):
    """A program, or a verb with verbs of its own."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters."""
        return _without_conversion(super().get_params(ctx), ctx)


class ProgramGroup(QuickGroup):
    """A program that knows verbs of another program. `elsewhere` has what to say of each of them."""

    elsewhere: ClassVar[Mapping[str, str]] = {}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the verb that the arguments name."""
        if args and args[0] in self.elsewhere and args[0] not in self.commands:
            ctx.fail(self.elsewhere[args[0]])
        return super().resolve_command(ctx, args)


def open_app(
    name: str,
    purpose: str,
    *,
    group: type[QuickGroup] = QuickGroup,
    is_program: bool = True,
    has_completion: bool = True,
) -> typer.Typer:
    """Return an app to add verbs to.

    Args:
        name: What a person types.
        purpose: The first line of the help text.
        group: The class of the command.
        is_program: Whether it is the program itself, and not a verb that has verbs of its own.
        has_completion: Whether it can install itself in a shell.

    """
    return typer.Typer(
        name=name,
        cls=group,
        help=purpose,
        no_args_is_help=is_program,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=EXIT_CODES,
        add_completion=has_completion,
    )


def complete_without_rich(name: str) -> None:
    """Keep typer from importing rich where a shell completes: it is for the markup of help texts, which have none."""
    if f"_{name.replace('-', '_').upper()}_COMPLETE" in os.environ:
        cast("dict[str, Any]", sys.modules).setdefault("rich", None)


def _without_conversion(parameters: Sequence[Any], context: Any) -> list[Any]:
    for parameter in parameters:
        if context.resilient_parsing:
            vars(parameter)["process_value"] = _as_typed
        elif isinstance(parameter.default, StrEnum):
            vars(parameter)["process_value"] = partial(_as_choice, parameter)
        elif getattr(parameter, "is_flag", False):
            vars(parameter)["process_value"] = partial(_as_flag, parameter)
    return list(parameters)


def _as_typed(_context: Any, value: Any) -> Any:
    return value


def _as_choice(parameter: Any, context: Any, value: Any) -> Any:
    """Return the member of the default's type that has the value; typer refuses other values."""
    member = next((member for member in type(parameter.default) if member == value), None)
    return type(parameter).process_value(parameter, context, value) if member is None else member


def _as_flag(parameter: Any, context: Any, value: Any) -> Any:
    return type(parameter).process_value(parameter, context, bool(value))
