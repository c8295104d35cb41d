"""Documents, and what is extracted from them."""

from zoneinfo import ZoneInfo

from scrape_operator.core.extraction import Document


def test_a_document_is_of_utc_and_explains_nothing_if_nothing_else_is_said() -> None:
    document = Document(b"", "http://a.example/")
    assert (document.time_zone, document.wants_hints) == (ZoneInfo("Etc/UTC"), False)
