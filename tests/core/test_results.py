"""Lists of runs and items."""

from scrape_operator.core.results import ListQuery


def test_a_list_has_500_rows_of_all_namespaces_without_targets_if_nothing_else_is_asked_for() -> None:
    query = ListQuery()
    assert (query.namespace, query.selection, query.after, query.limit) == (None, (), None, 500)
    assert (query.with_targets, query.since, query.until) == (False, None, None)
