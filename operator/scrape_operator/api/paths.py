"""Paths of fields, as users write them: `spec.targets[0].http.url`."""

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel

_SHOWN = 64


def written(location: Sequence[int | str]) -> str:
    """Write a location of pydantic as a path; a name that somebody made up may be of any length."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step[:_SHOWN]}"
    return text.removeprefix(".")


def member_model(model: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel] | None:
    """Give the model that describes the place, or None where none does."""
    current: type[BaseModel] | None = model
    for step in location:
        if isinstance(step, str) and current is not None:
            fields = current.model_fields.items()
            annotation = next((f.annotation for name, f in fields if step in {f.alias, name}), None)
            current = model_in(annotation)
    return current


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the model in `Model`, `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for argument in get_args(annotation) if (model := model_in(argument))), None)
