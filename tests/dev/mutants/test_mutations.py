from pathlib import Path

import pytest

from tests.dev.mutants.mutations import mutants_of


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("x = a < b", ["x = a <= b"]),
        ("x = a is None and b", ["x = a is None or b", "x = a is not None and b"]),
        ("x = a + 1", ["x = a - 1", "x = a + 2"]),
        ("x = True", ["x = False"]),
        ("x = a if b else c", ["x = a if not b else c"]),
        ("def f():\n    return a", ["def f():\n    return None"]),
        ("x: int | None = a", []),
        ("@cache(maxsize=8)\ndef f():\n    'Text.'", []),
        ("x = f'{a}' + 'b'", []),
    ],
)
def test_each_operator_constant_and_condition_is_changed_once(tmp_path: Path, source: str, mutated: list[str]) -> None:
    (tmp_path / "module.py").write_text(source)
    assert [mutant.source for mutant in mutants_of(Path("module.py"), tmp_path)] == mutated
