"""What comes before the head of an answer: interim answers and empty lines, both bounded."""

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.runs.reasons import Reason
from tests.fetching.servers import answering, never_ending, ok, serving


def ask(url: str) -> Request:
    return Request(url, timeout=20.0)


async def failure(fetcher, request: Request) -> ScrapeFailed:
    with pytest.raises(ScrapeFailed) as raised:
        await fetcher.fetch(request)
    return raised.value


@pytest.mark.parametrize(("count", "is_fine"), [(16, True), (17, False)])
async def test_interim_answers_are_bounded(fetcher, count, is_fine):
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with serving(answering(interim * count + ok(b"x"))) as server:
        if is_fine:
            assert (await fetcher.fetch(ask(server.url))).body == b"x"
        else:
            failed = await failure(fetcher, ask(server.url))
            assert failed.reason is Reason.PROTOCOL_ERROR
            assert "more than 16 interim answers" in failed.message


async def test_interim_answers_without_end_are_no_wait(fetcher):
    async with serving(never_ending(b"", b"HTTP/1.1 100 Continue\r\n\r\n")) as server:
        assert (await failure(fetcher, ask(server.url))).reason is Reason.PROTOCOL_ERROR
        await server.gone()


@pytest.mark.parametrize(
    "piece", [b"\r\n\r\n" * 20_000, b"\r\n", b"\r\n\r\n\r"], ids=["in one piece", "lines", "split"]
)
async def test_empty_heads_without_end_are_refused(fetcher, piece):
    async with serving(never_ending(b"", piece)) as server:
        failed = await failure(fetcher, ask(server.url))
        assert (failed.reason, "no HTTP status line" in failed.message) == (Reason.PROTOCOL_ERROR, True)
        await server.gone()


@pytest.mark.parametrize("before", [b"\r\n", b"\r\n\r\n", b"\r\n\r\n\r\n\r\n"])
async def test_a_few_empty_lines_before_an_answer_are_ignored(fetcher, before):
    async with serving(answering(before + ok(b"x"))) as server:
        assert (await fetcher.fetch(ask(server.url))).body == b"x"
