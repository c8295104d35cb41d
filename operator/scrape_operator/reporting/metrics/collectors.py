"""Families of samples that are computed when Prometheus asks, in one pass each."""

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

AGES = (60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0)
"""The upper bounds of the ages of the last success, in seconds."""

MAX_NAMESPACES = 100
OTHER = "other"
"""The namespace of all schedules beyond the first MAX_NAMESPACES, so that series stay few."""

Samples = Iterable[tuple[Sequence[str], float]]


class Family(Collector):
    """One gauge family whose samples are read when it is asked for; a source that fails spoils no other metric."""

    def __init__(self, name: str, help_: str, labels: Sequence[str], read: Callable[[], Samples]) -> None:
        self._name = name
        self._help = help_
        self._labels = labels
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the family with its samples."""
        family = GaugeMetricFamily(self._name, self._help, labels=self._labels)
        try:
            for labels, value in self._read():
                family.add_metric(labels, value)
        except Exception:
            logger.exception("metric cannot be read", extra={"metric": self._name})
        yield family

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield the family without samples."""
        yield GaugeMetricFamily(self._name, self._help, labels=self._labels)


class NamespaceLabel:
    """The label of a namespace: its name, or `other` after the first MAX_NAMESPACES that were seen."""

    def __init__(self, limit: int = MAX_NAMESPACES) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def of(self, namespace: str) -> str:
        """Return the value of the label."""
        if namespace not in self._known:
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(namespace)
        return namespace


def success_ages(ages: Iterable[tuple[str, float | None]], label: NamespaceLabel) -> Samples:
    """Return a cumulative histogram for each namespace, as gauges with the label `le`.

    Args:
        ages: the namespace of each schedule and the seconds since its last success, None if it had none.
        label: bounds the number of namespaces.

    """
    counts: dict[str, Counter[int]] = {}
    for namespace, age in ages:
        place = len(AGES) if age is None else bisect_left(AGES, age)
        counts.setdefault(label.of(namespace), Counter())[place] += 1
    for namespace, found in counts.items():
        total = 0
        for place, bound in enumerate((*map("{:g}".format, AGES), "+Inf")):
            total += found[place]
            yield (namespace, bound), total
