"""A plugin of pytest: the tests of a mutated module go first, then those of its folder.

They are the likeliest to fail. Property tests end with the first example that fails, since nobody reads it.
"""

import os
from pathlib import Path

import hypothesis
import pytest

VARIABLE = "MUTANTS_NEAREST"
"""The environment variable with the path of the module's tests."""


def pytest_configure() -> None:
    """Load settings without shrinking, after those of the tests themselves."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", hypothesis.settings.get_profile("repeatable"), phases=phases)
    hypothesis.settings.load_profile("mutants")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by how near they are."""
    nearest = Path(os.environ[VARIABLE])
    items.sort(key=lambda item: (item.path != nearest, nearest.parent not in item.path.parents))
