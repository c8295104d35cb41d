"""What the ports do by themselves."""

from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.ports import Fetcher


class Echo(Fetcher):
    """Answers with the address that is asked for."""

    async def fetch(self, request: Request) -> Response:
        return Response(request.url, 200, {}, request.url.encode())


async def test_a_fetcher_gives_what_is_read_from_its_answer() -> None:
    assert await Echo().fetch_as(Request("http://a.example/"), lambda answer: len(answer.body)) == 17
