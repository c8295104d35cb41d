"""Puts policies in force as they are written, changed and deleted."""

import logging
from collections.abc import Mapping
from typing import Any

from scrape_operator.api.kinds.policy import ClusterScrapePolicy, ScrapePolicy
from scrape_operator.api.kinds.registry import Kind, Scope
from scrape_operator.api.validation import parse_as
from scrape_operator.planning.policy_book import Place, PolicyBook
from scrape_operator.watching.handlers import is_terminating

logger = logging.getLogger(__name__)


class PolicyHandler:
    """Puts the policies of one kind in force as they are written. One that cannot be read changes nothing."""

    def __init__(self, kind: Kind, book: PolicyBook) -> None:
        self._kind = kind
        self._book = book
        self._places: dict[str, Place] = {}
        self._generations: dict[str, int] = {}

    def applied(self, obj: Mapping[str, Any], *, at_once: bool = True) -> None:
        """Put a policy in force."""
        metadata = obj["metadata"]
        if self.knows(metadata):
            return
        if is_terminating(metadata):
            self.removed(metadata["uid"])
            return
        place: Place = (metadata.get("namespace") if self._kind.scope is Scope.NAMESPACED else None, metadata["name"])
        self._places[metadata["uid"]] = place
        self._generations[metadata["uid"]] = metadata.get("generation", 0)
        policy, findings = parse_as(self._kind.model, obj)
        if not isinstance(policy, ScrapePolicy | ClusterScrapePolicy) or findings:
            text = "; ".join(map(str, findings))
            logger.error("policy refused", extra={"kind": self._kind.kind, "policy": place[1], "findings": text})
            return
        self._book.set(place, policy.spec)

    def removed(self, uid: str) -> None:
        """End a policy, unless another object of its name took its place."""
        place = self._places.pop(uid, None)
        self._generations.pop(uid, None)
        if place is not None and place not in self._places.values():
            self._book.set(place, None)

    def listed(self) -> None:
        """Do nothing: policies have no rows."""

    def knows(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether the generation of a policy is known, and it is not being deleted."""
        known = self._generations.get(metadata["uid"], -1)
        return known >= metadata.get("generation", 0) and not is_terminating(metadata)

    def known(self) -> Mapping[str, str]:
        """Return the policies that are known: UID -> name."""
        return {
            uid: name if namespace is None else f"{namespace}/{name}" for uid, (namespace, name) in self._places.items()
        }
