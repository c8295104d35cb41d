"""The goods of the demo shop: a pure function of a seed and an instant.

`tests.dev.site.site` serves them as JSON and HTML. Nothing is stored: the same seed and the same instant
give the same goods on every machine, and a test that moves its clock sees prices, stock and names change.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property

CATEGORIES = ("lamps", "chairs", "teapots", "clocks", "kites", "boots", "atlases", "globes")
CURRENCY = "EUR"

_ADJECTIVES = ("Amber", "Birch", "Copper", "Dusky", "Early", "Folded", "Gilded", "Hollow", "Ivory", "Jolly", "Kelp")
_PLACES = ("Ardell", "Brome", "Calder", "Dunmore", "Elling", "Farrow", "Garth", "Holme", "Innes", "Jarrow")
_TAGS = ("gift", "handmade", "indoor", "light", "limited", "outdoor", "repaired", "small", "sturdy", "tall")
_PRICE_EVERY = 30
_STOCK_EVERY = 10
_EDITION_EVERY = 3_600
_RETIRED_EVERY = 600
_RETIRED_PERCENT = 2


@dataclass(frozen=True, slots=True)
class Product:
    """One thing for sale, as it is at an instant. `changed_at` is the instant that its price is of."""

    sku: str
    name: str
    category: str
    price: Decimal
    stock: int
    rating: float
    tags: tuple[str, ...]
    changed_at: datetime


@dataclass(frozen=True)
class Catalogue:
    """All goods: `size` products that are spread evenly over the categories."""

    seed: int = 1
    size: int = 600

    @cached_property
    def _bases(self) -> Sequence[tuple[str, str, str, int, tuple[str, ...]]]:
        return [self._base(number) for number in range(self.size)]

    def products(self, at: datetime) -> list[Product]:
        """Return what is on sale at an instant, by SKU. About one in fifty is out of the range for a while."""
        seconds = int(at.timestamp())
        return [self._product(number, seconds) for number in range(self.size) if not self._is_retired(number, seconds)]

    def find(self, sku: str, at: datetime) -> Product | None:
        """Return one product, also one that is out of the range, as old links to it still work."""
        number = next((n for n, base in enumerate(self._bases) if base[0] == sku), None)
        return None if number is None else self._product(number, int(at.timestamp()))

    def _base(self, number: int) -> tuple[str, str, str, int, tuple[str, ...]]:
        category = CATEGORIES[number % len(CATEGORIES)]
        adjective = _ADJECTIVES[self._draw("adjective", number, below=len(_ADJECTIVES))]
        place = _PLACES[self._draw("place", number, below=len(_PLACES))]
        name = f"{adjective} {place} {category[:-1].title()} {number:03}"
        cents = 490 + self._draw("cents", number, below=250_000)
        tags = tuple(tag for tag in _TAGS if self._draw(f"tag {tag}", number, below=4) == 0)
        return f"SKU-{number:05}", name, category, cents, tags

    def _product(self, number: int, seconds: int) -> Product:
        sku, name, category, cents, tags = self._bases[number]
        phase = self._draw("phase", number, below=_PRICE_EVERY)
        period = _PRICE_EVERY * (1 + number % 4)
        step = (seconds + phase) // period
        edition = 1 + self._draw("edition", number, seconds // _EDITION_EVERY, below=3)
        percent = 90 + self._draw("price", number, step, below=21)
        return Product(
            sku=sku,
            name=name if edition == 1 else f"{name}, edition {edition}",
            category=category,
            price=Decimal(cents * percent // 100) / 100,
            stock=max(0, self._draw("stock", number, seconds // _STOCK_EVERY // (1 + number % 6), below=45) - 4),
            rating=self._draw("rating", number, below=41) / 10 + 1,
            tags=tags,
            changed_at=datetime.fromtimestamp(0, UTC) + timedelta(seconds=step * period - phase),
        )

    def _is_retired(self, number: int, seconds: int) -> bool:
        return self._draw("retired", number, seconds // _RETIRED_EVERY, below=100) < _RETIRED_PERCENT

    def _draw(self, what: str, *numbers: int, below: int) -> int:
        """Draw a number that depends on the arguments alone, in every version of Python."""
        text = f"{self.seed} {what} {numbers}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) % below
