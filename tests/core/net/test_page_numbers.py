"""Whether the addresses of pages count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.net.page_numbers import are_counted

SITE = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("addresses", "is_counted"),
    [
        ([], False),
        (["/list"], False),
        (["/list?page=1"], False),
        (["/list?page=1", "/list?page=2"], True),
        (["/list", "/list?page=2"], True),
        (["/list", "/list?p=1"], True),
        (["/list", "/list?start=20"], True),
        (["/list", "/list?before=5021"], False),
        (["/list?year=20", "/list?year=20&before=5021"], False),
        (["/list?year=20&size=2", "/list?year=20&size=2&before=5021"], False),
        (["/list?year=20", "/list?year=20&page=2"], True),
        (["/list", "/list?page=2", "/list?page=3"], True),
        (["/list", "/page/2/", "/page/3/", "/page/4/"], True),
        (["/list?skip=0&take=20", "/list?skip=20&take=20", "/list?skip=40&take=20"], True),
        (["/list", "/list?before=96", "/list?before=92"], False),
        (["/list", "/list?before=5096", "/list?before=5104", "/list?before=5111"], False),
        (["/list?page=1", "/list?page=2", "/list?page=2"], False),
        (["/list?page=1", "/list?page=01"], False),
        (["/list?page=1", "/list?page=3", "/list?page=4"], False),
        (["/list?a=1&b=1", "/list?a=2&b=2", "/list?a=3&b=3"], False),
        (["/list", "/list?cursor=a1", "/list?cursor=b2"], False),
        (["/list", "/list?cursor=abc"], False),
        (["/list", "/list?page=99999999999999999999"], False),
    ],
)
def test_pages_are_counted_by_one_number_that_grows_evenly(addresses: list[str], *, is_counted: bool) -> None:
    assert are_counted([SITE + address for address in addresses], first_size=20) is is_counted


def test_numbers_of_the_host_count_nothing() -> None:
    assert not are_counted(["http://h1:8001/list", "http://h2:8001/list"], first_size=20)
    assert not are_counted(["http://h", "http://h"], first_size=20)


@given(start=st.integers(0, 10**6), step=st.integers(1, 1000), count=st.integers(2, 9), year=st.integers(1, 3000))
def test_every_even_count_is_found(start: int, step: int, count: int, year: int) -> None:
    addresses = [f"{SITE}/{year}/list?n={start + step * page}&order=1" for page in range(count)]
    assert are_counted(addresses, first_size=20)


@given(st.lists(st.text(alphabet="/?&=a0129", max_size=12), max_size=5))
def test_every_text_has_an_answer(paths: list[str]) -> None:
    assert are_counted([f"{SITE}/{path}" for path in paths], first_size=20) in {True, False}
