"""Lists of runs and items."""

from scrape_operator.core.reading import RunRow
from scrape_operator.core.results import ListQuery, VersionedRun


def test_a_list_has_500_rows_of_all_namespaces_without_targets_if_nothing_else_is_asked_for() -> None:
    query = ListQuery()
    assert (query.namespace, query.selection, query.after, query.limit) == (None, (), None, 500)
    assert (query.with_targets, query.since, query.until) == (False, None, None)


def test_a_run_has_no_targets_where_they_were_not_asked_for() -> None:
    row = RunRow._make(None for _ in RunRow._fields)
    run = VersionedRun(row, inserted=7, revision=8)
    assert (run.target_count, run.good_targets, run.only_target, run.targets) == (0, 0, None, ())
