"""Where things stand in the repository."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "manifests"
CHART = MANIFESTS / "chart" / "scrape-operator"
COMMAND = Path(sys.executable).with_name("scrape-operator")
