"""Mutants of a module: copies of its source in which one operator, constant or condition is changed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed copy of a file. `number` is the position of the change among the changes of its file."""

    path: Path
    number: int
    line: int
    change: str
    source: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.change}"


def mutants_of(path: Path, root: Path) -> list[Mutant]:
    """Return every mutant of a file below `root`."""
    source = (root / path).read_text("utf-8")
    count = len(_changes(ast.parse(source)))
    return [_mutant(path, source, number) for number in range(count)]


def _mutant(path: Path, source: str, number: int) -> Mutant:
    tree = ast.parse(source)
    change = _changes(tree)[number]
    before = ast.unparse(change.shown)
    change.apply()
    return Mutant(path, number, change.line, f"{before!r} -> {ast.unparse(change.shown)!r}", ast.unparse(tree))


@dataclass(frozen=True, slots=True)
class _Change:
    line: int
    shown: ast.AST
    node: ast.AST
    attribute: str
    value: object

    def apply(self) -> None:
        setattr(self.node, self.attribute, self.value)


def _changes(tree: ast.Module) -> list[_Change]:
    return [change for node in _code(tree) for change in _changes_of(node)]


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run: no annotations, decorators, docstrings or imports."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_params", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _never_runs(child):
                yield from _code(child)


def _never_runs(node: ast.AST) -> bool:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.Import | ast.ImportFrom)


def _changes_of(node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in COMPARISONS:
            yield _Change(node.lineno, node, node, "ops", [COMPARISONS[type(operator)]()])
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield _Change(node.lineno, node, node, "op", other)
        case ast.BinOp() if type(node.op) in OPERATORS and not _holds_text(node):
            yield _Change(node.lineno, node, node, "op", OPERATORS[type(node.op)]())
        case ast.Constant(value=bool(value)):
            yield _Change(node.lineno, node, node, "value", not value)
        case ast.Constant(value=int(value)):
            yield _Change(node.lineno, node, node, "value", value + 1)
        case ast.IfExp() | ast.If() | ast.While():
            yield _Change(node.lineno, node.test, node, "test", ast.UnaryOp(ast.Not(), node.test))
        case ast.Return(value=ast.AST() as value) if not isinstance(value, ast.Constant):
            yield _Change(node.lineno, node, node, "value", ast.Constant(None))


def _holds_text(node: ast.BinOp) -> bool:
    """Return whether an operator joins texts or types, where another one is no program."""
    return any(
        (isinstance(side, ast.JoinedStr | ast.Name | ast.Attribute) and _names_a_type(side))
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _names_a_type(side: ast.AST) -> bool:
    name = side.id if isinstance(side, ast.Name) else side.attr if isinstance(side, ast.Attribute) else ""
    return isinstance(side, ast.JoinedStr) or (name[:1].isupper() and not name.isupper())
