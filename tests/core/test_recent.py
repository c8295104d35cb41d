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


def weighed() -> Recent[str, str]:
    return Recent(10, lambda _key, value: len(value))


def test_entries_are_kept_by_their_weight() -> None:
    recent = weighed()
    for name in "abab":
        recent[name] = "four"
    assert dict(recent) == {"a": "four", "b": "four"}
    recent["a"] = "sevenly"
    recent["c"] = "six"
    assert dict(recent) == {"a": "sevenly", "c": "six"}


def test_an_entry_that_is_too_heavy_is_not_kept() -> None:
    recent = weighed()
    recent["a"] = "four"
    recent["b"] = "eleven ....."
    assert not recent
    recent["a"] = "ten ......"
    assert dict(recent) == {"a": "ten ......"}


def test_the_weight_of_removed_entries_is_free_again() -> None:
    recent = weighed()
    for name in "abc":
        recent[name] = "ten ......"
        assert recent.pop(name) == "ten ......"
    recent["a"] = recent["b"] = "five "
    del recent["a"]
    recent.clear()
    recent["c"] = "ten ......"
    assert dict(recent) == {"c": "ten ......"}
