"""Rules that the API server checks as CEL and that the operator checks in Python.

One `Rule` holds both forms: `structural` writes the CEL expression into the CRD, and `validation` calls the predicate.
Rules are listed in `rules` of a model, or annotate a field.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

RULE_ERROR = "rule"
"""The type of the validation error of a field that breaks a rule."""

# Names that CEL reserves are written between underscores (Kubernetes documentation, CEL validation rules).
_RESERVED = frozenset({"const", "in", "namespace", "package", "import", "function", "let", "var", "void", "while"})

# CEL's type checker does not know a property without a type. dyn() defers the check to run time.
_UNTYPED = frozenset({"const", "default", "json"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of an object or a value.

    Attributes:
        cel: The rule as a CEL expression over `self`.
        holds: The rule in Python, called with the validated model or value.
        message: The end of a sentence that begins with the field's path. It says what is wrong and what to do.
        path: The path from the object to the wrong field, such as `failurePolicy.minSucceededTargets`.

    """

    cel: str
    holds: Callable[[Any], object]
    message: str
    path: str = ""

    def as_cel(self) -> dict[str, str]:
        """Return the entry of `x-kubernetes-validations`."""
        place = {"fieldPath": f".{self.path}"} if self.path else {}
        return {"rule": self.cel, "message": f"{self.path} {self.message}".strip(), **place}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that checks the rule after the type of the annotated field."""

        def check(value: Any) -> Any:
            if self.holds(value):
                return value
            raise PydanticCustomError(RULE_ERROR, "{message}", {"message": self.message})

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of the annotated field with the rule."""
        result = handler(schema)
        result.setdefault("x-kubernetes-validations", []).append(self.as_cel())
        return result


def cel_has(name: str) -> str:
    """Return the CEL expression for whether the member `name` of self is set."""
    owner = "dyn(self)" if name in _UNTYPED else "self"
    return f"has({owner}.{cel_name(name)})"


def cel_name(name: str) -> str:
    """Return the name of a member, escaped if CEL reserves it."""
    return f"__{name}__" if name in _RESERVED else name


def cel_count(*names: str) -> str:
    """Return the CEL expression for the number of the members that are set."""
    return " + ".join(f"({cel_has(name)} ? 1 : 0)" for name in names)


def count_given(model: BaseModel, *names: str) -> int:
    """Return how many of the members, two or more by their names in the API, are set."""
    return len(names) - _reader(type(model), names)(model).count(None)


@cache
def _reader(model: type[BaseModel], names: tuple[str, ...]) -> Callable[[BaseModel], tuple[object, ...]]:
    attributes = {field.alias or attribute: attribute for attribute, field in model.model_fields.items()}
    return attrgetter(*(attributes[name] for name in names))


def exactly_one(*names: str) -> Rule:
    """Return the rule that exactly one of the members is set."""
    listed = ", ".join(names)
    return Rule(
        f"{cel_count(*names)} == 1",
        lambda model: count_given(model, *names) == 1,
        f"exactly one of {listed} must be set",
    )
