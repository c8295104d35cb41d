"""`scrape-operator` with a wall clock that is as many seconds ahead as a file says; run as `python -m`.

The operator reads the wall clock in one place, which is replaced here before other modules import it. What only
measures goes on undisturbed, as it does where a machine's time is set.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

from scrape_operator import clock
from scrape_operator.cli import main

SHIFT = "TEST_CLOCK_SHIFT"


class ShiftedClock(clock.SystemClock):
    """The machine's clocks, with the wall clock set."""

    def now(self) -> datetime:
        """Return the shifted wall clock in UTC."""
        return super().now() + timedelta(seconds=float(Path(os.environ[SHIFT]).read_text(encoding="utf-8")))


if __name__ == "__main__":
    vars(clock)["SystemClock"] = ShiftedClock
    main()
