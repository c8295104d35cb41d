"""What a run has to do, compiled once per generation from a schedule's targets."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from scrape_operator.api.kinds.schedule import KeepBodies
from scrape_operator.core.net.pagination import Pagination
from scrape_operator.core.net.policy import DEFAULT_POLICY, FetchPolicy
from scrape_operator.core.runs.expectations import Expectations
from scrape_operator.core.runs.items import ItemMode
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.extraction.compiling import TargetExtracts
from scrape_operator.planning.requests import RequestTemplate
from scrape_operator.platforms.port import Platform


@dataclass(frozen=True, slots=True)
class HTTPTargetPlan:
    """One target: its request, and how to read the answer.

    `compared_fields` are those that come from the page itself: by them a page is recognized that was read before.
    `selected_fields` are those that selectors find: what is usual for them is known from earlier runs.
    `is_conditional`: documents that did not change since the last good run are not read again.
    `is_decided_by_document`: the items depend on one document and the settings, and on nothing else.
    `fingerprint` changes with the settings that decide which items there are.
    `max_followed` is the number of items whose detail documents are read at most.
    """

    name: str
    request: RequestTemplate
    retry: RetryPolicy
    extracts: TargetExtracts
    key: tuple[str, ...]
    expectations: Expectations
    mode: ItemMode = ItemMode.UPSERT
    compared_fields: tuple[str, ...] = ()
    selected_fields: tuple[str, ...] = ()
    pagination: Pagination | None = None
    max_followed: int = 0
    is_conditional: bool = False
    is_decided_by_document: bool = False
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class PlatformTargetPlan:
    """One target that an adapter scrapes; `config` has been validated by the adapter's own model.

    `fingerprint` changes with the settings that decide which items there are.
    """

    name: str
    platform: Platform
    config: BaseModel
    retry: RetryPolicy
    expectations: Expectations
    fingerprint: str = ""


TargetPlan = HTTPTargetPlan | PlatformTargetPlan


@dataclass(frozen=True, slots=True)
class RunPlan:
    """All targets of a schedule, in spec order, how many of them must succeed, and what counts for all of them."""

    targets: tuple[TargetPlan, ...]
    min_succeeded: int
    zone: ZoneInfo
    policy: FetchPolicy = DEFAULT_POLICY
    keep_bodies: KeepBodies = KeepBodies.NEVER

    @property
    def has_secrets(self) -> bool:
        """Whether a target refers to a Secret."""
        requests = (target.request for target in self.targets if isinstance(target, HTTPTargetPlan))
        return any(True for request in requests for _key in request.access.secret_keys())
