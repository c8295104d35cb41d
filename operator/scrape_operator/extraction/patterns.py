"""Regular expressions of a spec, in RE2's syntax and linear time. Called by `compiling`."""

from typing import Any, Final, Protocol

import re2

from scrape_operator.core.errors import InvalidValue

_LOOK_AROUND: Final = ("(?=", "(?!", "(?<=", "(?<!", "(?>")


class Pattern(Protocol):
    """A compiled expression."""

    def search(self, text: str) -> "Match | None":
        """Find the first place where it matches."""

    @property
    def groups(self) -> int:
        """The number of its groups."""


class Match(Protocol):
    """A place where an expression matches."""

    def group(self, number: int) -> str | None:
        """Give the text of a group, None where it took no part; 0 is the whole match."""


def compile_pattern(expression: str) -> Pattern:
    """Compile an RE2 expression.

    Raises:
        InvalidValue: RE2 refuses it; the message names the remedy.

    """
    options = re2.Options()
    options.log_errors = False
    try:
        compiled: Pattern = re2.compile(expression, options)
    except re2.error as error:
        raise InvalidValue(_explain(expression, error)) from None
    return compiled


def compile_for_bytes(expression: bytes) -> Any:
    """Compile an expression of our own, that looks at bytes of whatever encoding."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(expression, options)


def filter_text(pattern: Pattern, text: str) -> str | None:
    """Give group 1, or the whole match where there is no group; None where nothing matches."""
    found = pattern.search(text)
    return found.group(1 if pattern.groups else 0) if found else None


def _explain(expression: str, error: Exception) -> str:
    told = error.args[0] if error.args else ""
    reason = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    if any(sign in expression for sign in _LOOK_AROUND):
        return f"{reason}: RE2 has no look-around; match the surroundings too and put what you want into a group ( )"
    if "invalid escape sequence" in reason:
        return f"{reason}: RE2 knows no such escape and no back-reference; write what it should match"
    return f"not an RE2 expression: {reason}"
