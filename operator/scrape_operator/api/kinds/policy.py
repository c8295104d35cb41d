"""The kinds ScrapePolicy and ClusterScrapePolicy: what an administrator allows schedules to do."""

from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import Field as Bounds
from pydantic import StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.lists import ListMap, ListSet
from scrape_operator.api.kinds.meta import ObjectMeta
from scrape_operator.api.kinds.quantities import ByteSize, GoDuration
from scrape_operator.api.kinds.values import FIELD_VALUE_PATTERN, HOST_MATCH_PATTERN, Integer
from scrape_operator.api.rules import Rule


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return "/" in text


HostMatch = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=253, pattern=HOST_MATCH_PATTERN)]
Network = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=64),
    Rule(
        "isCIDR(self) && cidr(self).masked() == cidr(self)",
        _is_network,
        "must be a network such as 10.20.0.0/16, with all bits after the prefix 0",
    ),
]
UserAgent = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256, pattern=FIELD_VALUE_PATTERN)]


class Robots(StrEnum):
    """Whether robots.txt (RFC 9309) is obeyed."""

    OBEY = "Obey"
    IGNORE = "Ignore"


class NetworkPolicy(ApiModel):
    """The hosts and addresses that requests may be sent to."""

    allow_hosts: Annotated[tuple[HostMatch, ...], Bounds(max_length=256), ListSet()] = ()
    """The hosts that may be requested: a name, "*.example.org" for all names below it, or "*". Absent: all hosts."""

    deny_hosts: Annotated[tuple[HostMatch, ...], Bounds(max_length=256), ListSet()] = ()
    """The hosts that must not be requested, in the form of allowHosts. A denied host stays denied if it is also
    allowed."""

    allow_cidrs: Annotated[tuple[Network, ...], Bounds(max_length=64), ListSet()] = Bounds(
        default=(), alias="allowCIDRs"
    )
    """Networks outside the public internet that may be requested, such as 10.20.0.0/16. In a ScrapePolicy it can only
    narrow what the ClusterScrapePolicy and the operator's settings allow. Addresses of cloud metadata services stay
    refused."""


class HostBudget(ApiModel):
    """The budget of the hosts that match. All schedules together share the budget of one host."""

    match: HostMatch
    """A host name, "*.example.org" for all names below it, or "*". The most specific match counts for a host."""

    max_concurrent: Annotated[int, Integer(1, 1000)] | None = None
    """The largest number of open requests to one host. Absent: 4."""

    min_interval: Annotated[timedelta, GoDuration("0s", "1h")] | None = None
    """The shortest time between the starts of two requests to one host. Absent: 0s, no pace."""


class Ceilings(ApiModel):
    """The most that a schedule may ask for. A schedule that asks for more is Stalled with the reason PolicyDenied."""

    min_interval: Annotated[timedelta, GoDuration("1s", "720h")] | None = None
    """The shortest time between two due times of a schedule."""

    max_targets: Annotated[int, Integer(1, 64)] | None = None
    """The largest number of targets."""

    max_body_bytes: Annotated[int, ByteSize("1Ki", "1Gi")] | None = None
    """The largest http.maxBodyBytes."""

    max_pages: Annotated[int, Integer(1, 10_000)] | None = None
    """The largest paginate.maxPages."""

    requests_per_day: Annotated[int, Integer(1, 1_000_000_000)] | None = None
    """How many requests all schedules under the policy may send in a UTC day together. After that they wait for the
    next day: Scheduled is False with the reason BudgetExhausted."""

    bytes_per_day: Annotated[int, ByteSize("1Ki", "1048576Gi")] | None = None
    """How many bytes of response bodies all schedules under the policy may read in a UTC day together, such as 10Gi.
    They count as they are transferred, before decompression."""


class ScrapePolicySpec(ApiModel):
    """What schedules under the policy may do. If two policies apply, the tighter value counts for each field."""

    user_agent: UserAgent | None = None
    """The User-Agent header of requests that set none. Absent: the operator's own."""

    robots: Robots | None = None
    """Whether robots.txt is obeyed. Absent in all policies that apply: Obey."""

    network: NetworkPolicy | None = None
    """The hosts and addresses that requests may be sent to. Absent: the public internet."""

    hosts: Annotated[tuple[HostBudget, ...], Bounds(max_length=256), ListMap("match")] = ()
    """Budgets of hosts. Without an entry: 4 requests at the same time, without a pace."""

    ceilings: Ceilings | None = None
    """The most that a schedule may ask for."""


class ScrapePolicy(ApiModel):
    """Limits the ScrapeSchedules of its namespace that name it in policyRef.

    The policy named default also applies to schedules without policyRef. A ScrapePolicy can only narrow the
    ClusterScrapePolicy default.
    """

    api_version: Literal["scrape-operator.dev/v1alpha1"]
    kind: Literal["ScrapePolicy"]
    metadata: ObjectMeta
    spec: ScrapePolicySpec


class ClusterScrapePolicy(ApiModel):
    """Limits all ScrapeSchedules of the cluster. Only the one named default applies; no namespace can loosen it."""

    api_version: Literal["scrape-operator.dev/v1alpha1"]
    kind: Literal["ClusterScrapePolicy"]
    metadata: ObjectMeta
    spec: ScrapePolicySpec
