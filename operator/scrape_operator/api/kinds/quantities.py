"""Durations, byte sizes and instants: text in the object, values in Python, bounds in the CRD."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from scrape_operator.core.durations import (
    BYTES_PATTERN,
    DURATION_PATTERN,
    format_duration,
    parse_bytes,
    parse_duration,
)
from scrape_operator.core.errors import InvalidValue

VALUE_ERROR = "invalid_value"
"""The type of the validation error of all three; the message is fit for people."""

_MAX_LENGTH = 64
_INSTANT_PATTERN = (
    r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_INSTANT = re.compile(_INSTANT_PATTERN, re.ASCII)
_BINARY_UNITS = (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def _refuse(message: str) -> PydanticCustomError:
    return PydanticCustomError(VALUE_ERROR, "{message}", {"message": message})


@dataclass(frozen=True, slots=True)
class GoDuration:
    """Annotates `timedelta`: a Go duration such as 1h30m, from `minimum` to `maximum`."""

    minimum: str
    maximum: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the text and check the bounds."""
        low, high = parse_duration(self.minimum), parse_duration(self.maximum)

        def read(value: Any) -> timedelta:
            if isinstance(value, str):
                try:
                    value = parse_duration(value)
                except InvalidValue as error:
                    raise _refuse(str(error)) from error
            if not isinstance(value, timedelta):
                raise _refuse("must be a duration with a unit, as text, such as 90s, 5m or 1h30m")
            if low <= value <= high:
                return value
            raise _refuse(self._message)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(format_duration)
        )

    @property
    def _message(self) -> str:
        return f"must be from {self.minimum} to {self.maximum}"

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe text, pattern and bounds."""
        rule = f"duration(self) >= duration('{self.minimum}') && duration(self) <= duration('{self.maximum}')"
        return {
            "type": "string",
            "pattern": DURATION_PATTERN,
            "minLength": 1,
            "maxLength": _MAX_LENGTH,
            "x-kubernetes-validations": [{"rule": rule, "message": self._message}],
        }


@dataclass(frozen=True, slots=True)
class ByteSize:
    """Annotates `int`: a number of bytes such as 10Mi, or a bare integer, from `minimum` to `maximum`."""

    minimum: str
    maximum: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the size and check the bounds."""
        low, high = parse_bytes(self.minimum), parse_bytes(self.maximum)

        def read(value: Any) -> int:
            if isinstance(value, bool) or not isinstance(value, int | str):
                raise _refuse("must be a number of bytes, such as 512Ki, 10Mi or 1048576")
            try:
                size = parse_bytes(value)
            except (InvalidValue, ValueError) as error:
                raise _refuse("must be a number of bytes, such as 512Ki, 10Mi or 1048576") from error
            if low <= size <= high:
                return size
            raise _refuse(self._message)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(format_bytes)
        )

    @property
    def _message(self) -> str:
        return f"must be from {self.minimum} to {self.maximum}"

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe integer or text, pattern and bounds."""
        size = "quantity(string(self))"
        rule = f"{size}.compareTo(quantity('{self.minimum}')) >= 0 && {size}.compareTo(quantity('{self.maximum}')) <= 0"
        return {
            "x-kubernetes-int-or-string": True,
            "pattern": BYTES_PATTERN,
            "minLength": 1,
            "maxLength": 32,
            "x-kubernetes-validations": [{"rule": rule, "message": self._message}],
        }


def format_bytes(size: int) -> str:
    """Write a number of bytes in the largest binary unit that divides it: `10Mi`."""
    unit, factor = next(((u, f) for u, f in _BINARY_UNITS if size and size % f == 0), ("", 1))
    return f"{size // factor}{unit}"


@dataclass(frozen=True, slots=True)
class Instant:
    """Annotates `datetime`: an instant of RFC 3339 with its offset from UTC."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read exactly RFC 3339, section 5.6; Python reads more."""
        return core_schema.no_info_plain_validator_function(self._read)

    @staticmethod
    def _read(value: Any) -> datetime:
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            try:
                return datetime.fromisoformat(value.upper())
            except ValueError:
                pass
        raise _refuse("must be an instant such as 2026-12-01T00:00:00Z (RFC 3339)")

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe it; the pattern closes what the API server's own reading leaves open."""
        return {"type": "string", "format": "date-time", "pattern": _INSTANT_PATTERN, "maxLength": _MAX_LENGTH}
