import pytest

from tests.scheduling.house import House


@pytest.fixture
def house() -> House:
    return House()
