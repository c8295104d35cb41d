"""`make try`: the samples against the demo site by `scrape-operator local`, without a cluster, for some seconds.

TRY_SECONDS (20) says for how long. Runs and items are printed as they come; nothing is left behind.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from tests.dev.bookmakers.thread import BookmakersThread
from tests.dev.demo import samples
from tests.dev.site.serving import SiteThread


def main() -> int:
    """Serve the site, and run the samples until the time is over; exit 0 unless the command itself failed."""
    seconds = int(os.environ.get("TRY_SECONDS", "20"))
    with TemporaryDirectory() as folder, SiteThread() as site, BookmakersThread() as books:
        file = Path(folder) / "samples.yaml"
        file.write_text(
            yaml.safe_dump_all(samples.load(site, [book.url for book in books.sites.values()])), encoding="utf-8"
        )
        command = [sys.executable, "-m", "scrape_operator", "local", str(file), "--for", f"{seconds}s", "--show", "2"]
        print(f"The demo site is at {site.url}; its schedules run for {seconds} s:")
        print(f"$ scrape-operator {' '.join(command[3:])}", flush=True)
        environment = os.environ | {
            "SCRAPE_OPERATOR_ALLOW_CIDRS": "127.0.0.0/8",
            "SCRAPE_OPERATOR_SQLITE_PATH": str(Path(folder) / "scrape-operator.db"),  # goes with the folder
        }
        return int(subprocess.run(command, env=environment, check=False).returncode not in {0, 1})


if __name__ == "__main__":
    sys.exit(main())
