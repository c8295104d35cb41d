"""What is scraped: one entry of `targets`."""

from typing import Annotated, Any, ClassVar

from pydantic import Field as Bounds
from pydantic import StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.expect import Expect
from scrape_operator.api.kinds.extract import Extract, Field, Selector
from scrape_operator.api.kinds.http import HTTP, Retry
from scrape_operator.api.kinds.lists import ListMap
from scrape_operator.api.kinds.paginate import Paginate
from scrape_operator.api.kinds.values import Integer, Label
from scrape_operator.api.rules import Rule, exactly_one


class Platform(ApiModel):
    """An adapter that knows a platform's own API."""

    name: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=63)]
    """The name of the adapter, such as SportyBet, BetPawa or Bet9ja."""

    config: dict[str, Any] | None = None
    """What the adapter wants to know; it checks this itself."""


class Follow(ApiModel):
    """Asks for one more document per item, and merges fields of it into the item."""

    link: Selector
    """Finds the address of the document in the item."""

    fields: Annotated[tuple[Field, ...], Bounds(max_length=128), ListMap("name")] = ()
    """The values that the document adds to the item."""

    max_items: Annotated[int, Integer(1, 10_000)] = 100
    """Items of one run that are followed at the most, 1 to 10000."""


def field_names(target: "Target") -> set[str]:
    """Give the names of all fields of a target's items."""
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
        "may not stand beside platform: remove it, the adapter knows",
        path=name,
    )


_FOLLOWS = "has(self.follow) && has(self.follow.fields)"
_NAMES = f"self.extract.fields.map(f, f.name) + ({_FOLLOWS} ? self.follow.fields.map(f, f.name) : [])"


class Target(ApiModel):
    """One thing to scrape: a request and how its answer is read, or a platform."""

    name: Label
    """The name of the target, unique in the schedule; items are kept under it."""

    http: HTTP | None = None
    """A request over HTTP; needs extract."""

    platform: Platform | None = None
    """A platform that an adapter knows; beside it only retry and expect may stand."""

    retry: Retry = Retry()
    """How often a request is tried. Default: 3 attempts, 1s to 30s apart, for GET and HEAD."""

    paginate: Paginate | None = None
    """How further pages are found. Absent: there is one page."""

    extract: Extract | None = None
    """How items are read from the answer."""

    follow: Follow | None = None
    """One more document per item."""

    expect: Expect | None = None
    """What healthy data looks like. Absent: at least one item."""

    rules: ClassVar[tuple[Rule, ...]] = (
        exactly_one("http", "platform"),
        Rule(
            "!has(self.http) || has(self.extract)",
            lambda target: target.http is None or target.extract is not None,
            "is required beside http: say which fields are read",
            path="extract",
        ),
        _only_http("paginate"),
        _only_http("extract"),
        _only_http("follow"),
        Rule(
            f"!has(self.extract) || !({_FOLLOWS}) || "
            "!sets.intersects(self.extract.fields.map(f, f.name), self.follow.fields.map(f, f.name))",
            _names_once,
            "must not name a field that extract.fields names: rename one of them",
            path="follow.fields",
        ),
        Rule(
            f"!has(self.extract) || !has(self.extract.key) || sets.contains({_NAMES}, self.extract.key)",
            _keys_exist,
            "must name fields of extract or follow",
            path="extract.key",
        ),
        Rule(
            "!has(self.extract) || !has(self.expect) || !has(self.expect.coverage) || "
            f"sets.contains({_NAMES}, self.expect.coverage.map(c, c.field))",
            _coverage_exists,
            "must name fields of extract or follow",
            path="expect.coverage",
        ),
    )
