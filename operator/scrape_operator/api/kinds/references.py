"""References to other objects in the schedule's namespace."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.values import DATA_KEY_PATTERN, ObjectName

SecretKey = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=253, pattern=DATA_KEY_PATTERN)]


class Reference(ApiModel):
    """A reference to an object in the same namespace."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic"})

    name: ObjectName
    """The name of the object."""


class SecretKeyReference(ApiModel):
    """A reference to one key of a Secret in the same namespace."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic"})

    name: ObjectName
    """The name of the Secret."""

    key: SecretKey
    """The key in the Secret's data."""
