"""The targets of a schedule: one entry of `targets`."""

from typing import Annotated, Any, ClassVar

from pydantic import Field as Bounds
from pydantic import StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.expect import Expect
from scrape_operator.api.kinds.extract import Extract, Field, Selector
from scrape_operator.api.kinds.http import HTTP, Retry
from scrape_operator.api.kinds.lists import ListMap
from scrape_operator.api.kinds.paginate import Paginate
from scrape_operator.api.kinds.values import Integer, JSONValue, Label
from scrape_operator.api.rules import Rule, exactly_one


class Platform(ApiModel):
    """A platform with an adapter of its own."""

    name: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=63)]
    """The name of the adapter, such as SportyBet, BetPawa or Bet9ja. `scrape-operator platforms` lists all."""

    config: Annotated[dict[str, Any], JSONValue(65536)] | None = None
    """The configuration of the adapter, which validates it, such as {"country": "ng", "markets": ["1x2"]}."""


class Follow(ApiModel):
    """One more request per item. The fields of its document are merged into the item."""

    link: Selector
    """The selector of the document's URL in the item."""

    fields: Annotated[tuple[Field, ...], Bounds(max_length=128), ListMap("name")] = ()
    """The values that the document adds to the item."""

    max_items: Annotated[int, Integer(1, 10_000)] = 100
    """The largest number of items of one run for which a request is made."""


def field_names(target: "Target") -> set[str]:
    """Return the names of all fields of a target's items."""
    fields = (*(target.extract.fields if target.extract else ()), *(target.follow.fields if target.follow else ()))
    return {field.name for field in fields}


def _names_once(target: "Target") -> bool:
    if target.extract is None or target.follow is None:
        return True
    return len(field_names(target)) == len(target.extract.fields) + len(target.follow.fields)


def _keys_exist(target: "Target") -> bool:
    return target.extract is None or field_names(target).issuperset(target.extract.key)


def _coverage_exists(target: "Target") -> bool:
    if target.extract is None or target.expect is None:
        return True
    return field_names(target).issuperset(entry.field for entry in target.expect.coverage)


def _only_http(name: str) -> Rule:
    return Rule(
        f"!has(self.platform) || has(self.http) || !has(self.{name})",
        lambda target: target.platform is None or target.http is not None or getattr(target, name) is None,
        "must not be set beside platform, whose adapter defines it: remove it",
        path=name,
    )


_FOLLOWS = "has(self.follow) && has(self.follow.fields)"
_NAMES = f"self.extract.fields.map(f, f.name) + ({_FOLLOWS} ? self.follow.fields.map(f, f.name) : [])"


class Target(ApiModel):
    """One thing to scrape: an HTTP request with the items of its answer, or a platform."""

    name: Label
    """The name of the target, such as quotes, unique in the schedule. Items are stored under it."""

    http: HTTP | None = None
    """An HTTP request. It needs extract."""

    platform: Platform | None = None
    """A platform with an adapter. Only retry and expect may be set beside it."""

    retry: Retry = Retry()
    """How often a request is tried. Absent: up to 3 times, for GET and HEAD."""

    paginate: Paginate | None = None
    """How further pages are found. Absent: only one page is read."""

    extract: Extract | None = None
    """How items are read from the answer. Required beside http."""

    follow: Follow | None = None
    """One more request per item. Absent: none."""

    expect: Expect | None = None
    """What the items must look like. Absent: there is at least one item."""

    rules: ClassVar[tuple[Rule, ...]] = (
        exactly_one("http", "platform"),
        Rule(
            "!has(self.http) || has(self.extract)",
            lambda target: target.http is None or target.extract is not None,
            "is required beside http: add it with the fields to read",
            path="extract",
        ),
        _only_http("paginate"),
        _only_http("extract"),
        _only_http("follow"),
        Rule(
            f"!has(self.extract) || !({_FOLLOWS}) || "
            "!sets.intersects(self.extract.fields.map(f, f.name), self.follow.fields.map(f, f.name))",
            _names_once,
            "must not have a name of extract.fields: rename one of them",
            path="follow.fields",
        ),
        Rule(
            f"!has(self.extract) || !has(self.extract.key) || sets.contains({_NAMES}, self.extract.key)",
            _keys_exist,
            "must only name fields of extract and follow: correct the name, or add the field",
            path="extract.key",
        ),
        Rule(
            "!has(self.extract) || !has(self.expect) || !has(self.expect.coverage) || "
            f"sets.contains({_NAMES}, self.expect.coverage.map(c, c.field))",
            _coverage_exists,
            "must only name fields of extract and follow: correct the name, or add the field",
            path="expect.coverage",
        ),
    )
