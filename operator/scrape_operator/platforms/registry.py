"""Which adapters there are. `wiring` loads them once; `running` validates configs with them, `cli` prints them.

A plug-in is a distribution with an entry point in the group below; our own three are found in the same way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from scrape_operator.api.messages import message_of
from scrape_operator.api.paths import written
from scrape_operator.core.errors import ScrapeOperatorError
from scrape_operator.core.findings import Finding
from scrape_operator.platforms.port import Platform

GROUP = "scrape_operator.platforms"
MAX_FINDINGS = 100

_PARTS = ("name", "config_model", "key", "budgets", "sink_payload", "check", "scrape")


class PlatformConflict(ScrapeOperatorError):
    """Two adapters have the same name, so that none of them is chosen."""


@dataclass(frozen=True, slots=True)
class BrokenPlatform:
    """An adapter that is installed and can't be used; `problem` is a line for a person."""

    name: str
    source: str
    problem: str


class PlatformRegistry:
    """The adapters of this process, by name."""

    def __init__(self, platforms: Mapping[str, Platform], broken: Sequence[BrokenPlatform] = ()) -> None:
        self._platforms = dict(platforms)
        self.broken = tuple(broken)

    @property
    def names(self) -> Sequence[str]:
        """The names that users may write, in order."""
        return sorted(self._platforms)

    def get(self, name: str) -> Platform | None:
        """Return the adapter of that name, or None."""
        return self._platforms.get(name)

    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the JSON schema of each adapter's config."""
        return {name: self._platforms[name].config_model.model_json_schema(by_alias=True) for name in self.names}

    def validate(
        self, name: str, config: Mapping[str, Any] | None, path: str
    ) -> tuple[BaseModel | None, tuple[Finding, ...]]:
        """Check `platform.name` and `platform.config`, which stand at `path` (`spec.targets[0].platform`).

        The config is None exactly where there are findings.
        """
        platform = self.get(name)
        if platform is None:
            return None, (Finding(f"{path}.name", self._unknown(name)),)
        try:
            return platform.config_model.model_validate(dict(config or {})), ()
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)[:MAX_FINDINGS]
            return None, tuple(_finding(detail, platform.config_model, f"{path}.config") for detail in details)

    def _unknown(self, name: str) -> str:
        for broken in self.broken:
            if broken.name == name:
                return f"names an adapter that is installed but broken: {broken.problem}"
        return f"is no platform that is installed: known are {', '.join(self.names) or 'none'}"


@cache
def installed_platforms() -> PlatformRegistry:
    """Load the adapters that are installed, once in a process. Raises PlatformConflict."""
    return load_platforms()


def load_platforms(found: Iterable[EntryPoint] | None = None) -> PlatformRegistry:
    """Load the adapters that are installed, or those of `found`. A broken one is kept as such.

    Raises:
        PlatformConflict: two entry points have the same name.

    """
    platforms: dict[str, Platform] = {}
    broken: list[BrokenPlatform] = []
    seen: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP) if found is None else found):
        if seen.setdefault(point.name, point.value) != point.value:
            first = seen[point.name]
            raise PlatformConflict(
                f"platform {point.name!r} is registered twice, by {first} and {point.value}: uninstall one of them"
            )
        loaded = _load(point)
        if isinstance(loaded, BrokenPlatform):
            broken.append(loaded)
        else:
            platforms[point.name] = loaded
    return PlatformRegistry(platforms, broken)


def _load(point: EntryPoint) -> Platform | BrokenPlatform:
    try:
        loaded = point.load()
        platform: Platform = loaded() if isinstance(loaded, type) else loaded
        problem = _problem(platform, point.name)
    except Exception as error:  # noqa: BLE001 -- whatever a plug-in's import does is its own problem, to be shown
        problem = f"{type(error).__name__}: {str(error)[:500]}"
    return BrokenPlatform(point.name, point.value, problem) if problem else platform


def _problem(platform: Any, name: str) -> str:
    missing = [part for part in _PARTS if not hasattr(platform, part)]
    if missing:
        return f"it has no {', '.join(missing)}: see scrape_operator.platforms.port.Platform"
    if platform.name != name:
        return f"it calls itself {platform.name!r}, its entry point {name!r}: give both the same name"
    if not (isinstance(platform.config_model, type) and issubclass(platform.config_model, BaseModel)):
        return "its config_model is no pydantic model"
    platform.config_model.model_json_schema(by_alias=True)
    return ""


def _finding(detail: ErrorDetails, model: type[BaseModel], path: str) -> Finding:
    steps = written(detail["loc"])
    place = f"{path}.{steps}" if steps else path
    if detail["type"] == "extra_forbidden":
        known = ", ".join(field.alias or name for name, field in model.model_fields.items())
        return Finding(place, f"is not a known field: known are {known}")
    return Finding(place, message_of(detail))
