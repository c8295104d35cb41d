"""Names of the ScrapeSchedules in the cluster: which one a person may have meant by a name that does not exist."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.objects import ClusterObjects
from scrape_operator.core.errors import ClusterError
from scrape_operator.core.nearest import hint_for
from scrape_operator.core.reading import NAMES_MAX

PAGE_SIZE = 500


async def suggest(client: ClusterClient, namespace: str, name: str) -> str:
    """Return similar names of the namespace, and namespaces that have the name; an empty text if none is known."""
    found = await known_places(client, namespace)
    names = [other for at, other in found if at == namespace]
    return hint_for(name, names, sorted(at for at, other in found if other == name))


async def known_places(client: ClusterClient, namespace: str) -> Sequence[tuple[str, str]]:
    """Return namespaces and names of schedules: all that the caller may list, or those of the namespace, or none."""
    for namespaces in ((), (namespace,)):
        try:
            return [place async for place in _places(client, namespaces)]
        except ClusterError:
            continue
    return ()


async def _places(client: ClusterClient, namespaces: Sequence[str]) -> AsyncIterator[tuple[str, str]]:
    """Yield the namespaces and names of schedules."""
    number = 0
    async with aclosing(ClusterObjects(client, page_size=PAGE_SIZE).metadata(SCRAPE_SCHEDULE, namespaces)) as objects:
        async for obj in objects:
            yield obj["metadata"]["namespace"], obj["metadata"]["name"]
            number += 1
            if number == NAMES_MAX:
                return
