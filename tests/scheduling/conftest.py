import pytest

from tests.scheduling.harness import Harness


@pytest.fixture
def harness() -> Harness:
    return Harness()
