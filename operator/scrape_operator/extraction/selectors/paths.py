"""Checks the text of an XPath expression, and splits it into steps. Called by `xpath`.

libxml2 puts no limit on the work of an expression. An expression whose work is linear in the size of the document
is read beside the event loop; every other one is left to a worker process, which can be killed.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from scrape_operator.core.errors import InvalidValue

LITERAL: Final = re.compile(r""""[^"]*"|'[^']*'""")
_CALL: Final = re.compile(r"([^\W\d][\w.-]*(?::[\w.-]+)?)\s*\(")
_VARIABLE: Final = re.compile(r"\$[\w:.-]*")
_PREFIX: Final = re.compile(r"([^\W\d][\w.-]*):(?!:)(?=[\w*])")
_NOT_CALLED: Final = frozenset({"text", "node", "comment", "processing-instruction", "and", "or", "div", "mod"})
FUNCTIONS: Final = frozenset(
    {"boolean", "ceiling", "concat", "contains", "count", "false", "floor", "has-class", "id", "lang", "last"}
    | {"local-name", "name", "namespace-uri", "normalize-space", "not", "number", "position", "round", "starts-with"}
    | {"string", "string-length", "substring", "substring-after", "substring-before", "sum", "translate", "true"}
)
_COMPUTING: Final = re.compile(r"\s*(?!id\b|text\b|node\b|comment\b|processing-instruction\b)[a-z-]+\s*\(")
_SEPARATOR: Final = re.compile(r"//|/descendant::|/")
_FROM_CSS: Final = "descendant-or-self::"
_NAME: Final = r"(?:[^\W\d][\w.-]*:(?!:))?(?:[^\W\d][\w.-]*|\*)"
_STEP: Final = re.compile(rf"(?:(?:text|node)\(\s*\)|@?{_NAME}(?!::|[\w.-]|\s*\()|\.\.?)?")
_TEXT_STEP: Final = re.compile(r"@|text\(|\.\.")
_PREDICATE_WORD: Final = re.compile(r"@?[\w.-]+(?:\(\s*\))?|[/*|:\[]")
_ATTRIBUTE_WORDS: Final = frozenset(
    {"and", "or", "not", "contains", "concat", "normalize-space", "starts-with", "has-class", "name()"}
)


class Step(NamedTuple):
    """One step of a path: its separator (`/`, `//`, `/descendant::` or nothing) and its text."""

    separator: str
    text: str

    @property
    def descends(self) -> bool:
        """Whether the step looks at all levels below."""
        return self.separator not in {"", "/"}


def check_xpath(expression: str, prefixes: Collection[str]) -> None:
    """Refuse what XPath 1.0 has no meaning for.

    Raises:
        InvalidValue: variables, unknown functions or unknown prefixes; the message names the remedy.

    """
    bare = LITERAL.sub("''", expression)
    if found := _VARIABLE.search(bare):
        raise InvalidValue(f"{found.group()}: there are no variables here; write the value itself")
    for name in _CALL.findall(bare):
        if name not in FUNCTIONS and name not in _NOT_CALLED:
            remedy = "use the field's regex" if name.startswith(("re:", "matches")) else "use what XPath 1.0 has"
            raise InvalidValue(f"{name}() is no function of XPath 1.0: {remedy}")
    for prefix in _PREFIX.findall(bare):
        if prefix not in prefixes:
            raise InvalidValue(
                f"{prefix} is no known namespace prefix: declare it in extract.namespaces for XML; "
                "HTML has no namespace prefixes, remove it or use local-name()"
            )


def gives_computed(expression: str) -> bool:
    """Whether an expression gives a string, number or boolean, as far as its beginning says."""
    return _COMPUTING.match(expression) is not None


def split_path(expression: str) -> tuple[Step, ...] | None:
    """Return the steps of a path that has only abbreviated axes, None for every other expression."""
    prefix = _FROM_CSS if expression.startswith(_FROM_CSS) else ""
    position = len(prefix)
    steps = []
    separator = ""
    while True:
        found = _STEP.match(expression, position)
        end = _end_of_predicates(expression, found.end() if found else position)
        steps.append(Step(separator, prefix + expression[position:end]))
        prefix = ""
        if end == len(expression):
            return tuple(steps)
        next_ = _SEPARATOR.match(expression, end)
        if next_ is None:
            return None
        separator, position = next_.group(), next_.end()


def _end_of_predicates(text: str, start: int) -> int:
    """Return where the predicates that begin at `start` end."""
    depth, position = 0, start
    while position < len(text) and (depth or text[position] == "["):
        literal = LITERAL.match(text, position)
        if literal is None:
            depth += {"[": 1, "]": -1}.get(text[position], 0)
        position = literal.end() if literal else position + 1
    return position


def cut_at_descents(steps: Sequence[Step]) -> tuple[str, ...]:
    """Join steps to paths, each of which descends once at most.

    Where one path is evaluated at the outermost of the nodes that the path before found, the result is the same as
    that of the whole expression. libxml2 takes cubic time for the whole where such nodes are nested.
    """
    pieces = [""]
    for step in steps:
        if step.descends and pieces[-1] not in {"", "."}:
            pieces.append(".")
        pieces[-1] += step.separator + step.text
    is_plain = not any(_TEXT_STEP.match(step.text) for step in steps[:-1])
    return tuple(pieces) if is_plain else ("".join(pieces[:1] + [piece[1:] for piece in pieces[1:]]),)


def is_linear(steps: Sequence[Step]) -> bool:
    """Whether the work of a path is linear in the size of the document: its predicates look at attributes alone."""
    return all(_looks_at_attributes(step.text) for step in steps) and not any(step.text == ".." for step in steps)


def _looks_at_attributes(step: str) -> bool:
    _, _, predicates = LITERAL.sub("''", step).partition("[")
    words = _PREDICATE_WORD.findall(predicates.replace("][", " "))
    return all(word.startswith("@") or word.isdigit() or word in _ATTRIBUTE_WORDS for word in words)
