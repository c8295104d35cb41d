"""How the objects of the tables are made: the smallest that is accepted, with fields changed."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ABSENT = object()
"""As a value: remove the field."""

HTTP = "targets.0.http"
FIELD = "targets.0.extract.fields.0"
URLS_WITH_A_PASSWORD = (
    "http://user:hunter2@h.example/",
    "http://user:hunter2@h.example:99999/",
    "ftp://user:hunter2@h.example/",
    "user:hunter2@h.example",
    "http:/user:hunter2@h.example",
    "http://h.example\\@user:hunter2",
    "http://us er:hunter2@h.example",
    "http://[user:hunter2@h.example",
    "http://{scheduledFor}:hunter2@h.example",
)
SECRET_KEY = {"name": "shop", "key": "token"}


def smallest() -> dict[str, Any]:
    """Return the least that is accepted."""
    return {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapeSchedule",
        "metadata": {"name": "example", "namespace": "default"},
        "spec": {
            "targets": [
                {
                    "name": "quotes",
                    "http": {"url": "https://quotes.example/"},
                    "extract": {"fields": [{"name": "text", "css": "span.text::text"}]},
                }
            ]
        },
    }


@dataclass(frozen=True)
class Wrong:
    """An object that is refused: the smallest with fields of spec changed; `path` is the field that is named.

    `named` is what the API server's message must hold, where it can't be the path (it names the holder of a field that
    is missing or unknown). `controller_only` objects are accepted by the API server.
    """

    id: str
    changes: Mapping[str, Any]
    path: str
    named: str = ""
    controller_only: bool = False

    def object(self) -> dict[str, Any]:
        return changed(self.changes)


@dataclass(frozen=True)
class Right:
    """An object that is accepted."""

    id: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    def object(self) -> dict[str, Any]:
        return changed(self.changes)


def changed(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the smallest object with fields of its spec set or removed; a path with a leading / is from the root."""
    obj = smallest()
    for path, value in changes.items():
        _put(obj, path[1:] if path.startswith("/") else f"spec.{path}", value)
    return obj


def _put(obj: Any, path: str, value: Any) -> None:
    """Set, append or remove what is at a dotted path; objects on the way are made."""
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in steps:
        obj = obj[step] if isinstance(step, int) else obj.setdefault(step, {})
    if value is ABSENT:
        del obj[last]
    elif isinstance(last, int) and last == len(obj):
        obj.append(copy.deepcopy(value))
    else:
        obj[last] = copy.deepcopy(value)


def fields(count: int) -> list[dict[str, str]]:
    return [{"name": f"f{number}", "css": "b::text"} for number in range(count)]


def targets(count: int) -> list[dict[str, Any]]:
    target = smallest()["spec"]["targets"][0]
    return [{**target, "name": f"t{number}"} for number in range(count)]


WINDOW = {"mode": "Allow", "from": "08:00", "to": "18:00"}
FOLLOW = {"link": {"css": "a::attr(href)"}, "fields": [{"name": "born", "css": "b::text"}]}
HOOK = {"name": "ops", "urlSecretRef": SECRET_KEY, "events": ["RunFailed"], "signingSecretRef": SECRET_KEY}
PLATFORM: dict[str, Any] = {
    "targets.0.http": ABSENT,
    "targets.0.extract": ABSENT,
    "targets.0.platform": {"name": "SportyBet", "config": {"country": "ng", "markets": ["1x2"], "horizon": "24h"}},
}
