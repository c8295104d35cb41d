"""Paths of fields as users write them, such as `spec.targets[0].http.url`, and the models at these places."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from scrape_operator.api.kinds.base import ApiModel

_SHOWN = 64


def written(location: Sequence[int | str]) -> str:
    """Return a location of pydantic as a path. Names are cut, as an unknown field's name may be of any length."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step[:_SHOWN]}"
    return text.removeprefix(".")


def member_model(model: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel] | None:
    """Return the model that describes a place, or None if no model does."""
    current: type[BaseModel] | None = model
    for step in location:
        if isinstance(step, str) and current is not None:
            fields = current.model_fields.items()
            annotation = next((f.annotation for name, f in fields if step in {f.alias, name}), None)
            current = model_in(annotation)
    return current


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model in `Model`, `Model | None` or `tuple[Model, ...]`, or None if there is none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for argument in get_args(annotation) if (model := model_in(argument))), None)


def parts_of(holder: ApiModel) -> Iterator[tuple[ApiModel, tuple[int | str, ...]]]:
    """Return the models that a model holds, each with its location in the holder."""
    for attribute, name in _model_attributes(type(holder)):
        value = getattr(holder, attribute)
        if isinstance(value, tuple):
            yield from ((entry, (name, index)) for index, entry in enumerate(value))
        elif value is not None:
            yield value, (name,)


@cache
def _model_attributes(model: type[ApiModel]) -> tuple[tuple[str, str], ...]:
    fields = model.model_fields.items()
    return tuple((attribute, field.alias or attribute) for attribute, field in fields if model_in(field.annotation))
