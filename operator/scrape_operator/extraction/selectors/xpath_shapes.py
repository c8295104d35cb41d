"""What an XPath expression asks for and may cost, read off its text. Called by `xpaths`.

libxml2 puts no limit on the work of an expression, and much of what people write is quadratic in the
size of the document: sibling axes, `//a//b` where a's are nested, paths from the root inside a
predicate. Nobody can stop it once it has begun, so that its worst case is estimated before.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from scrape_operator.core.errors import InvalidValue

_TOKEN: Final = re.compile(
    r"\s*(?:"
    r"""(?P<literal>"[^"]*"|'[^']*')"""
    r"|(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
    r"|(?P<variable>\$[\w:.-]*)"
    r"|(?P<name>[^\W\d][\w.-]*(?::(?!:)(?:[^\W\d][\w.-]*|\*))?|\*)"
    r"|(?P<sign>//|::|\.\.|!=|<=|>=|[/.\[\]()@,|+=<>-])"
    r")"
)
_NODE_TESTS: Final = frozenset({"text", "node", "comment", "processing-instruction"})
_FUNCTIONS: Final = frozenset(
    {"boolean", "ceiling", "concat", "contains", "count", "false", "floor", "has-class", "id", "lang", "last"}
    | {"local-name", "name", "namespace-uri", "normalize-space", "not", "number", "position", "round", "starts-with"}
    | {"string", "string-length", "substring", "substring-after", "substring-before", "sum", "translate", "true"}
)
_DESCENDING: Final = frozenset({"descendant", "descendant-or-self"})
_CLIMBING: Final = frozenset({"parent", "ancestor", "ancestor-or-self"})
_SIDEWAYS: Final = {"following-sibling": 1, "preceding-sibling": 1, "following": 2, "preceding": 2}
_OPERATORS: Final = frozenset({"and", "or", "div", "mod"})
_BEFORE_OPERAND: Final = frozenset({"", "(", "[", ",", "|", "+", "-", "=", "!=", "<", "<=", ">", ">="})
_BEFORE_NAME: Final = _BEFORE_OPERAND | {"/", "//", "::", "@"}
_IN_PATHS: Final = frozenset({".", "::", "@", "(", ")"})

_LINEAR_NS: Final = 20
_STEP_NS: Final = 5
_MERGE_NS: Final = 100


@dataclass(frozen=True, slots=True)
class Shape:
    """How an expression is built.

    `pieces`: a plain path, cut where a step descends; one piece where it is none. `escapes`: it may look
    at any node of the document, wherever it starts. `looks_beside`: it may look at siblings of the node
    that it starts at. `degree`: its work grows like this power of the number of nodes, in the worst case;
    `merges`: and each step of it compares sets of nodes.
    """

    pieces: tuple[str, ...]
    escapes: bool
    looks_beside: bool
    degree: int
    merges: bool

    def nanoseconds(self, nodes: int) -> int:
        """Estimate the worst case on `nodes` nodes."""
        if self.degree == 1:
            return _LINEAR_NS * nodes
        worst: int = nodes**self.degree
        return (_MERGE_NS if self.merges else _STEP_NS) * worst


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


@dataclass(slots=True)
class _Level:
    """What stands between two brackets, or outside all of them; `inner` is the worst of its predicates."""

    descents: int = 0
    sideways: int = 0
    inner_descents: int = 0
    inner_sideways: int = 0

    def enclose(self, inner: "_Level") -> None:
        self.inner_descents = max(self.inner_descents, inner.descents + inner.inner_descents)
        self.inner_sideways = max(self.inner_sideways, inner.sideways + inner.inner_sideways)


def shape_of(expression: str, *, from_css: bool = False) -> Shape:
    """Read an expression. One made `from_css` has no predicate that counts along a descending axis.

    Raises:
        InvalidValue: it uses variables, prefixes or functions beyond XPath 1.0; the message names the remedy.

    """
    return _ShapeReader(expression, from_css=from_css).read()


class _ShapeReader:
    def __init__(self, expression: str, *, from_css: bool) -> None:
        self._text = expression
        self._from_css = from_css
        self._levels = [_Level()]
        self._cuts: list[int] = []
        self._is_plain_path = True
        self._escapes = False
        self._looks_beside = False
        self._at_start = True
        """Whether the path so far has one node only, so that an axis costs no more than the document."""

    def read(self) -> Shape:
        tokens = _tokens(self._text)
        for before, token, after in zip([_NONE, *tokens], tokens, [*tokens[1:], _NONE], strict=False):
            if token.kind == "variable":
                raise InvalidValue(f"{token.text}: there are no variables here; write the value itself")
            if token.kind == "name":
                self._name(token.text, before.text, after.text)
            elif token.kind == "sign":
                self._sign(token, before.text, after.text)
            elif len(self._levels) == 1:
                self._is_plain_path = False
        while len(self._levels) > 1:
            self._close()
        return self._shape()

    def _shape(self) -> Shape:
        outer = self._levels[0]
        cuttable = self._is_plain_path and not outer.sideways
        pieces = self._pieces() if cuttable else (self._text,)
        chain = 0 if cuttable else max(0, outer.descents - 1)
        # One descent in a predicate is bounded by the depth of the tree, which the parser bounds.
        inner = outer.inner_sideways + max(0, outer.inner_descents - 1)
        return Shape(
            pieces=pieces,
            escapes=self._escapes,
            looks_beside=self._looks_beside,
            degree=1 + min(1, chain) + outer.sideways + inner,
            merges=chain > 0 or outer.inner_descents > 1,
        )

    def _pieces(self) -> tuple[str, ...]:
        ends = [*self._cuts, len(self._text)]
        parts = [self._text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        return (parts[0], *(f".{part}" for part in parts[1:]))

    def _name(self, name: str, before: str, after: str) -> None:
        if after == "::":
            self._axis(name)
        elif name in _OPERATORS and before not in _BEFORE_NAME:
            self._is_plain_path &= len(self._levels) > 1
        elif after == "(" and name not in _NODE_TESTS:
            self._function(name)
        elif ":" in name:
            raise InvalidValue(f"{name}: HTML has no namespace prefixes; remove it, or use local-name()")
        elif len(self._levels) == 1 and before != "::":
            self._at_start = False

    def _function(self, name: str) -> None:
        if name not in _FUNCTIONS:
            remedy = "use the field's regex" if name.startswith(("re:", "matches")) else "use what XPath 1.0 has"
            raise InvalidValue(f"{name}() is no function of XPath 1.0: {remedy}")
        if name == "id":
            self._levels[-1].sideways += 1
            self._escapes = True
        if len(self._levels) == 1:
            self._is_plain_path = False

    def _axis(self, name: str) -> None:
        self._levels[-1].descents += name in _DESCENDING
        if name in _CLIMBING:
            self._climb()
        elif name in _SIDEWAYS:
            self._escapes |= _SIDEWAYS[name] > 1
            self._looks_beside = True
            free = len(self._levels) == 1 and self._at_start
            self._levels[-1].sideways += _SIDEWAYS[name] - free
        if len(self._levels) == 1 and name not in _CLIMBING:
            self._at_start = False

    def _climb(self) -> None:
        self._escapes = True
        if len(self._levels) > 1:
            self._levels[-1].descents += 1
        elif not self._at_start:
            self._levels[-1].sideways += 1

    def _sign(self, token: _Token, before: str, after: str) -> None:
        sign = token.text
        if sign == "[":
            self._levels.append(_Level())
        elif sign == "]":
            self._close()
        elif sign in {"/", "//"}:
            self._slash(token, before, after)
        elif sign == "..":
            self._climb()
        elif len(self._levels) == 1 and (sign not in _IN_PATHS or (sign == "(" and before not in _NODE_TESTS)):
            self._is_plain_path = False

    def _slash(self, token: _Token, before: str, after: str) -> None:
        level, is_outer = self._levels[-1], len(self._levels) == 1
        level.descents += token.text == "//"
        if before in _BEFORE_OPERAND or (before in _OPERATORS and not is_outer):
            self._escapes = True
            level.sideways += not is_outer
        elif is_outer and before != "." and (token.text == "//" or (self._from_css and after in _DESCENDING)):
            self._cuts.append(token.at)
        if is_outer and token.text == "//":
            self._at_start = False

    def _close(self) -> None:
        if len(self._levels) > 1:
            inner = self._levels.pop()
            self._levels[-1].enclose(inner)


_NONE: Final = _Token("", "", 0)


def _tokens(expression: str) -> list[_Token]:
    tokens = []
    position, end = 0, len(expression.rstrip())
    while position < end:
        found = _TOKEN.match(expression, position)
        if found is None or found.lastgroup is None:
            raise InvalidValue(f"not an XPath 1.0 expression: unexpected {expression[position:][:10].strip()!r}")
        tokens.append(_Token(found.lastgroup, found.group(found.lastgroup), found.start(found.lastgroup)))
        position = found.end()
    return tokens
