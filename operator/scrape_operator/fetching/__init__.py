"""Sends HTTP requests: transport, address guard, redirects, decoding, limits. Only this package uses httpx."""

import sys
from typing import Any, cast

cast("dict[str, Any]", sys.modules).setdefault("httpx._main", None)  # its command line: 100 modules of rich (0125)
