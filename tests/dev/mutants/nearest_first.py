"""A plugin of pytest: the tests of a mutated module go first, then those of its folder.

They are the likeliest to fail.
"""

import os
from pathlib import Path

import pytest

VARIABLE = "MUTANTS_NEAREST"
"""The environment variable with the path of the module's tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by how near they are."""
    nearest = Path(os.environ[VARIABLE])
    items.sort(key=lambda item: (item.path != nearest, nearest.parent not in item.path.parents))
