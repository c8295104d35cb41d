"""Regular expressions of a spec, in RE2's syntax and linear time. Called by `compiling`."""

from typing import Any, Final

import re2

from scrape_operator.core.errors import InvalidValue

_LOOK_AROUND: Final = ("(?=", "(?!", "(?<=", "(?<!", "(?>")


class Pattern:
    """A compiled expression that chooses a part of a text: its group 1, or the whole match where it has no group."""

    def __init__(self, compiled: Any) -> None:
        self._search = compiled.search
        self._group = 1 if compiled.groups else 0

    def choose(self, text: str) -> str | None:
        """Return the part of the first match, or None if there is no match."""
        # RE2 reads UTF-8. Where it is given a str, it counts characters up to each group, which takes longer still.
        found = self._search(text.encode())
        chosen = found[self._group] if found else None
        return None if chosen is None else chosen.decode("utf-8", "replace")


def compile_pattern(expression: str) -> Pattern:
    """Compile an RE2 expression.

    Raises:
        InvalidValue: RE2 refuses it; the message names the remedy.

    """
    return Pattern(compile_expression(expression))


def compile_expression(expression: str) -> Any:
    """Return a compiled RE2 expression. Raises InvalidValue where RE2 refuses it; the message names the remedy."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        raise InvalidValue(_explain(expression, error)) from None


def compile_for_bytes(expression: bytes) -> Any:
    """Compile an expression of this program for bytes in any encoding."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(expression, options)


def _explain(expression: str, error: Exception) -> str:
    told = error.args[0] if error.args else ""
    reason = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    if any(sign in expression for sign in _LOOK_AROUND):
        return f"{reason}: RE2 has no look-around; match the surroundings too and put what you want into a group ( )"
    if "invalid escape sequence" in reason:
        return f"{reason}: RE2 knows no such escape and no back-reference; write what it should match"
    return f"not an RE2 expression: {reason}"
