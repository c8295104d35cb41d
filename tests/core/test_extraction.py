"""Documents, and what is extracted from them."""

from scrape_operator.core.extraction import Document
from scrape_operator.core.schedule.time_zones import UTC_ZONE


def test_a_document_is_of_utc_and_explains_nothing_if_nothing_else_is_said() -> None:
    document = Document(b"", "http://a.example/")
    assert (document.time_zone, document.wants_hints) == (UTC_ZONE, False)
