"""The rules of this repository that no linter checks. Each failure names the place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.repository.tree import files, modules, text

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_SUPPRESSIONS = 15
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "models", "services", "misc"}
# In pieces, or this file would break its own rule.
REGISTRY_HOSTS = [
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("registry", "npmjs", "org"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
        ("deb", "debian", "org"),
    )
]


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {str(path): text(path).count("\n") for path in modules("operator", "tests")}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_of_the_operator_is_longer_than_40_lines() -> None:
    functions = ((path, node) for path in modules("operator") for node in functions_of(path))
    lengths = {f"{path}:{node.lineno} {node.name}": lines_of(node) for path, node in functions}
    assert {place: lines for place, lines in lengths.items() if lines > MAX_FUNCTION_LINES} == {}


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines, its docstring left out."""
    last = function.body[-1].end_lineno or 0
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    said = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return last - function.lineno + 1 - said


def test_every_module_has_a_name_that_says_what_it_is_for() -> None:
    named = [path for path in modules("operator", "tests") if VAGUE_NAMES & {path.stem, *path.parts[:-1]}]
    assert named == []


def test_the_folder_operator_is_no_package() -> None:
    """As one it would stand before the standard library's `operator`."""
    assert Path("operator/__init__.py") not in files()


def test_every_type_ignore_names_its_error() -> None:
    assert places(r"#\s*type:\s*ignore(?!\[)") == []


def test_a_file_that_suppresses_a_lint_rule_says_why() -> None:
    unexplained = []
    for path in modules("operator", "tests"):
        suppressions = re.findall(r"#\s*noqa(?::\s*([A-Z0-9, ]+[0-9]))?( -- \S)?", text(path))
        explained = {codes for codes, reason in suppressions if reason}
        unexplained += [
            f"{path}: noqa {codes or 'of everything'}" for codes, _ in suppressions if codes not in explained
        ]
    assert unexplained == []


def test_few_checks_are_suppressed() -> None:
    """A suppression hides what the next edit breaks; most can be typed or named away."""
    assert len(places(r"#\s*(no" + r"qa\b|type:\s*ig" + r"nore)")) <= MAX_SUPPRESSIONS


def test_nothing_is_left_to_do_in_a_comment() -> None:
    assert places(r"#.*\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b") == []


def test_docstrings_say_return_for_what_the_caller_gets() -> None:
    assert places(r'^\s*"""(Gi' + r"ve(?! back)|Te" + r"ll)\b") == []


def places(pattern: str) -> list[str]:
    return [
        f"{path}:{number} {line.strip()}"
        for path in modules("operator", "tests")
        for number, line in enumerate(text(path).splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_no_source_cites_a_page_that_is_not_here() -> None:
    known = {path.name for path in files()}
    cited = re.compile(r"[\w-]+\.md\b")
    cites = [(path, page) for path in modules("operator", "tests") for page in cited.findall(text(path))]
    assert [f"{path}: {page}" for path, page in cites if page not in known] == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    """Whoever builds the project has a registry of their own configured."""
    named = re.compile("|".join(rf"\b{re.escape(host)}\b" for host in REGISTRY_HOSTS))
    assert [f"{path}: {found[0]}" for path in files() if (found := named.search(text(path)))] == []
