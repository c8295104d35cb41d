"""Objects that are wrong in one way each, and objects that are right, up to every bound.

The same table is judged by `parse`, and by a real API server: the two must agree, but for what only the controller
sees.
"""

from tests.api.right_objects import RIGHT
from tests.api.wrong_extracts import WRONG_EXTRACT
from tests.api.wrong_requests import WRONG_HTTP, WRONG_PAGES
from tests.api.wrong_schedules import WRONG_KEPT, WRONG_TARGETS, WRONG_WHEN

WRONG = (*WRONG_WHEN, *WRONG_KEPT, *WRONG_TARGETS, *WRONG_HTTP, *WRONG_PAGES, *WRONG_EXTRACT)

__all__ = ["RIGHT", "WRONG"]
