"""Rules that the API server checks as CEL and that the operator checks again in Python.

One `Rule` says both, so that the two cannot drift apart: `structural` writes the CEL text into the CRD, and
`validation` calls the predicate. A rule stands in the `rules` of a model, or in the annotation of a field.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

RULE_ERROR = "rule"
"""The type of the validation error that a broken rule of a field gives."""

# Names that CEL reserves are written between underscores (Kubernetes documentation, CEL validation rules).
_RESERVED = frozenset({"const", "in", "namespace", "package", "import", "function", "let", "var", "void", "while"})

# A property without a type is unknown to CEL's type checker; dyn() leaves the question to run time.
_UNTYPED = frozenset({"const", "default", "json"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One law of an object or a value.

    `cel` is the expression over `self`; `holds` is the same in Python, over the validated model or value.
    `message` completes the sentence that the field's path begins, and says how to mend it. `path` leads from the
    object to the field that is to blame, in the words of the API (`failurePolicy.minSucceededTargets`).
    """

    cel: str
    holds: Callable[[Any], object]
    message: str
    path: str = ""

    def as_cel(self) -> dict[str, str]:
        """Give the entry of `x-kubernetes-validations`."""
        place = {"fieldPath": f".{self.path}"} if self.path else {}
        return {"rule": self.cel, "message": f"{self.path} {self.message}".strip(), **place}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the rule after the type of the annotated field."""

        def check(value: Any) -> Any:
            if self.holds(value):
                return value
            raise PydanticCustomError(RULE_ERROR, "{message}", {"message": self.message})

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the rule to the schema of the annotated field."""
        result = handler(schema)
        result.setdefault("x-kubernetes-validations", []).append(self.as_cel())
        return result


def cel_has(name: str) -> str:
    """Write CEL's question whether the member `name` of self is given."""
    owner = "dyn(self)" if name in _UNTYPED else "self"
    return f"has({owner}.{cel_name(name)})"


def cel_name(name: str) -> str:
    """Write the name of a member as CEL wants it."""
    return f"__{name}__" if name in _RESERVED else name


def cel_count(*names: str) -> str:
    """Write the number of those members that are given."""
    return " + ".join(f"({cel_has(name)} ? 1 : 0)" for name in names)


def count_given(model: BaseModel, *names: str) -> int:
    """Count the members, two or more by their names in the API, that are given."""
    return len(names) - _reader(type(model), names)(model).count(None)


@cache
def _reader(model: type[BaseModel], names: tuple[str, ...]) -> Callable[[BaseModel], tuple[object, ...]]:
    attributes = {field.alias or attribute: attribute for attribute, field in model.model_fields.items()}
    return attrgetter(*(attributes[name] for name in names))


def exactly_one(*names: str) -> Rule:
    """Demand that exactly one of the members is given."""
    listed = ", ".join(names)
    return Rule(
        f"{cel_count(*names)} == 1",
        lambda model: count_given(model, *names) == 1,
        f"exactly one of {listed} must be given",
    )
