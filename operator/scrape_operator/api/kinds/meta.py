"""The part of `metadata` that the operator reads, and the names of the API group."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Strict

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.quantities import Instant
from scrape_operator.api.kinds.values import ObjectName, Text
from scrape_operator.api.rules import Rule

GROUP = "scrape-operator.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"


class ObjectMeta(ApiModel):
    """The identity of an object. An object from a file has neither uid nor generation yet."""

    model_config = ConfigDict(extra="ignore")

    name: ObjectName = ""
    generate_name: Text = ""
    namespace: Text = "default"
    uid: Text = ""
    generation: Annotated[int, Strict()] = 0
    creation_timestamp: Annotated[datetime, Instant()] | None = None
    annotations: Mapping[Text, Text] = {}
    labels: Mapping[Text, Text] = {}

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.name) || has(self.generateName)",
            lambda meta: meta.name or meta.generate_name,
            "is required: name the object",
            path="name",
        ),
    )
