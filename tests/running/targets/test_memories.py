from scrape_operator.running.targets.memories import Orders

LIST = tuple(range(100))


def test_the_order_of_the_list_that_was_read_least_recently_is_dropped() -> None:
    orders = Orders(limit=3000)
    for name in "abab":
        orders[name, "main", "f"] = LIST
    assert set(orders) == {("a", "main", "f"), ("b", "main", "f")}
    orders["b", "main", "f"] = LIST
    orders["c", "main", "f"] = LIST
    assert set(orders) == {("b", "main", "f"), ("c", "main", "f")}


def test_a_list_that_is_too_long_is_not_remembered() -> None:
    orders = Orders(limit=3000)
    orders["a", "main", "f"] = LIST
    orders["b", "main", "f"] = tuple(range(1000))
    assert not orders
    orders["a", "main", "f"] = LIST
    assert set(orders) == {("a", "main", "f")}
