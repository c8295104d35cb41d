from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.dev.site.catalogue import CATEGORIES, Catalogue

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def test_the_same_seed_and_instant_give_the_same_goods() -> None:
    assert Catalogue(seed=7).products(NOON) == Catalogue(seed=7).products(NOON)


def test_another_seed_gives_other_goods() -> None:
    assert Catalogue(seed=7).products(NOON) != Catalogue(seed=8).products(NOON)


def test_the_goods_do_not_depend_on_the_version_of_python() -> None:
    first = Catalogue(seed=1).products(NOON)[0]
    assert (first.sku, first.name, str(first.price), first.stock) == (
        "SKU-00000",
        "Hollow Calder Lamp 000",
        "2298.72",
        14,
    )


def test_several_hundred_goods_are_spread_over_all_categories() -> None:
    goods = Catalogue().products(NOON)
    assert 500 < len(goods) < 600
    assert {product.category for product in goods} == set(CATEGORIES)
    assert len({product.sku for product in goods}) == len(goods)


def test_prices_stock_names_and_the_range_change_with_time() -> None:
    catalogue = Catalogue()
    before = {product.sku: product for product in catalogue.products(NOON)}
    after = {product.sku: product for product in catalogue.products(NOON + timedelta(hours=1))}
    common = before.keys() & after.keys()
    assert any(before[sku].price != after[sku].price for sku in common)
    assert any(before[sku].stock != after[sku].stock for sku in common)
    assert any(before[sku].name != after[sku].name for sku in common)
    assert before.keys() - after.keys()


def test_some_goods_keep_their_price_for_a_minute() -> None:
    catalogue = Catalogue()
    before = {product.sku: product.price for product in catalogue.products(NOON)}
    after = {product.sku: product.price for product in catalogue.products(NOON + timedelta(minutes=1))}
    assert any(before[sku] == after[sku] for sku in before.keys() & after.keys())


def test_a_product_that_is_out_of_the_range_is_still_found() -> None:
    catalogue = Catalogue()
    on_sale = {product.sku for product in catalogue.products(NOON)}
    retired = next(f"SKU-{n:05}" for n in range(600) if f"SKU-{n:05}" not in on_sale)
    found = catalogue.find(retired, NOON)
    assert found is not None
    assert found.sku == retired


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_every_product_is_sound_at_any_time(at: datetime) -> None:
    for product in Catalogue(size=40).products(at):
        assert product.price > 0
        assert product.stock >= 0
        assert 1 <= product.rating <= 5
        assert product.changed_at <= at
