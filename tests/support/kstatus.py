"""The status of an object as kstatus computes it: Helm 4's `--wait`, Flux and kpt go by it."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.dev.controlplane.gobuild import ensure


def kstatus(obj: Mapping[str, Any]) -> str:
    """Return Terminating, InProgress, Failed or Current, by the Go library itself."""
    program = ensure(["kstatus"])["kstatus"]
    return subprocess.run([program], input=json.dumps(obj), capture_output=True, text=True, check=True).stdout.strip()
