"""The data of a Secret as an object of the API server, or of a file, holds it."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from scrape_operator.core.errors import InvalidValue


def secret_data(obj: Mapping[str, Any]) -> Mapping[str, bytes]:
    """Return the values of `data`, decoded, and those of `stringData`, which count before them.

    Raises:
        InvalidValue: A value is no text, or not base64. The message names the key and no value.

    """
    decoded = {str(key): _decoded(f"data.{key}", value) for key, value in _members(obj, "data")}
    plain = {str(key): _text(f"stringData.{key}", value).encode() for key, value in _members(obj, "stringData")}
    return {**decoded, **plain}


def _members(obj: Mapping[str, Any], name: str) -> list[tuple[Any, Any]]:
    members = obj.get(name) or {}
    if not isinstance(members, Mapping):
        raise InvalidValue(f"{name} is no map: write one value for each key")
    return list(members.items())


def _decoded(place: str, value: object) -> bytes:
    try:
        return base64.b64decode("".join(_text(place, value).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        if isinstance(error, InvalidValue):
            raise
        raise InvalidValue(f"{place} is not base64: encode it, or write it as it is under stringData") from error


def _text(place: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue(f"{place} is no text: put the value into quotation marks")
    return value
