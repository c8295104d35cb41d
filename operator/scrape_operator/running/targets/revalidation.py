"""Whether the documents of a target are what they were when its items were last stored (RFC 9110 section 13)."""

from dataclasses import replace
from hashlib import blake2b

from scrape_operator.core.net.documents import Request, Response, Validators
from scrape_operator.core.runs.target_memory import Revalidation
from scrape_operator.planning.plans import HTTPTargetPlan


class Revalidator:
    """Compares the documents of one run of a target with those of the last one that was stored in full.

    The validators of the first page stand for all pages, and are kept only if every page had some.
    """

    def __init__(self, known: Revalidation, plan: HTTPTargetPlan, first: Request) -> None:
        self._fingerprint = _fingerprint(plan, first)
        self._known = known if known.fingerprint == self._fingerprint else Revalidation("")
        self._bodies = blake2b(digest_size=16)
        self._validators: list[Validators | None] = []

    def condition(self, request: Request) -> Request:
        """Return the request of the first page with the validators that are known."""
        return replace(request, validators=self._known.validators)

    def add(self, response: Response) -> None:
        """Add a page."""
        self._bodies.update(blake2b(response.body, digest_size=16).digest())
        self._validators.append(response.validators)

    @property
    def is_unchanged(self) -> bool:
        """Whether the bodies so far are all that there was the last time."""
        return self._bodies.hexdigest() == self._known.body_hash

    @property
    def revalidation(self) -> Revalidation:
        """Return what the next run compares with."""
        validators = self._validators[0] if self._validators and all(self._validators) else None
        return Revalidation(self._fingerprint, validators, self._bodies.hexdigest())


def _fingerprint(plan: HTTPTargetPlan, first: Request) -> str:
    """Return what validators depend on: the request with its credentials, and how its answers are read."""
    known = (
        *(first.method, first.url, first.params, first.headers, first.body),
        *(plan.request.access, plan.extracts.page.spec, plan.key, plan.pagination),
    )
    return blake2b(repr(known).encode("utf-8", "replace"), digest_size=16).hexdigest()
