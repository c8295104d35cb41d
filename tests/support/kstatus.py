"""The status of an object as kstatus computes it for custom resources (kubernetes-sigs/cli-utils, pkg/kstatus).

Helm 4's `--wait`, Flux and kpt go by it.
"""

from collections.abc import Mapping
from typing import Any


def kstatus(obj: Mapping[str, Any]) -> str:
    """Return Terminating, InProgress, Failed or Current."""
    metadata, status = obj["metadata"], obj.get("status", {})
    if metadata.get("deletionTimestamp"):
        return "Terminating"
    if "observedGeneration" in status and status["observedGeneration"] != metadata["generation"]:
        return "InProgress"
    conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
    for type_, value in conditions.items():
        if type_ in {"Reconciling", "Stalled"} and value == "True":
            return "InProgress" if type_ == "Reconciling" else "Failed"
    return "Current" if conditions.get("Ready", "True") == "True" else "InProgress"
