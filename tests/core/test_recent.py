from scrape_operator.core.recent import Recent


def test_the_entries_that_were_set_last_are_kept() -> None:
    recent: Recent[str, int] = Recent(2)
    recent["a"] = 1
    recent["b"] = 2
    recent["a"] = 3
    recent["c"] = 4
    assert dict(recent) == {"a": 3, "c": 4}


def test_a_look_at_an_entry_does_not_make_it_recent() -> None:
    recent: Recent[str, int] = Recent(2)
    recent["a"] = 1
    recent["b"] = 2
    assert recent["a"] == recent.get("a") == 1
    recent["c"] = 3
    assert "a" not in recent
