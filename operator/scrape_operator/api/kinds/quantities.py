"""The types for durations, byte sizes and instants: text in the object, values in Python, rules in the CRD."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from scrape_operator.api.kinds.base import ALLOWED
from scrape_operator.core.durations import BYTES_PATTERN, format_duration, parse_bytes, parse_duration
from scrape_operator.core.errors import InvalidValue

VALUE_ERROR = "invalid_value"
"""The type of the validation error of all three types. Its message is meant for users."""

_MAX_LENGTH = 64
_EXAMPLES = ("1h30m", "90s", "500ms")
_INSTANT_PATTERN = (
    r"^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_INSTANT = re.compile(_INSTANT_PATTERN, re.ASCII)
# What CEL's duration() accepts of 64 characters: it overflows at 292 years, and then gives an error of its own.
_CEL_DURATION = (
    r"^(0*[0-9]{1,5}(\.[0-9]+)?h|0*[0-9]{1,7}(\.[0-9]+)?m|0*[0-9]{1,9}(\.[0-9]+)?s|0*[0-9]{1,12}(\.[0-9]+)?ms)+$"
)
_BINARY_UNITS = (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def _refuse(message: str) -> PydanticCustomError:
    return PydanticCustomError(VALUE_ERROR, "{message}", {"message": message})


@dataclass(frozen=True, slots=True)
class GoDuration:
    """The annotation of a `timedelta` written as a Go duration such as 1h30m, from `minimum` to `maximum`."""

    minimum: str
    maximum: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that reads the text and checks the bounds."""
        low, high = parse_duration(self.minimum), parse_duration(self.maximum)

        def read(value: Any) -> timedelta:
            if isinstance(value, str):
                try:
                    value = parse_duration(value)
                except InvalidValue as error:
                    raise _refuse(self._message) from error
            if isinstance(value, timedelta) and low <= value <= high:
                return value
            raise _refuse(self._message)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(format_duration)
        )

    @property
    def _message(self) -> str:
        bounds = f"from {self.minimum} to {self.maximum}"
        return f"must be a duration {bounds} with units h, m, s or ms, such as {self._example}"

    @property
    def _example(self) -> str:
        low, high = parse_duration(self.minimum), parse_duration(self.maximum)
        return next(text for text in _EXAMPLES if low <= parse_duration(text) <= high)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema. The pattern is part of the rule, so that a wrong text gives one sentence."""
        bounds = f"duration(self) >= duration('{self.minimum}') && duration(self) <= duration('{self.maximum}')"
        return {
            "type": "string",
            "maxLength": _MAX_LENGTH,
            ALLOWED: f"{self.minimum} to {self.maximum}, such as {self._example}",
            "x-kubernetes-validations": [
                {"rule": f"self.matches(r'{_CEL_DURATION}') && {bounds}", "message": self._message}
            ],
        }


def cel_not_longer(shorter: str, longer: str, defaults: tuple[str, str] | None = None) -> str:
    """Return the CEL rule that the duration in member `shorter` is not longer than the one in member `longer`.

    Args:
        shorter: The name of a member of self.
        longer: The name of another.
        defaults: The values of the members where they are absent. Without defaults, absent members keep the rule.

    The rule also holds if a member is not a duration, since the member's own rule reports that.

    """
    if defaults is None:
        first, second = f"self.{shorter}", f"self.{longer}"
        excused = f"!has({first}) || !has({second}) || "
    else:
        first, second = (
            f"(has(self.{name}) ? self.{name} : '{default}')"
            for name, default in zip((shorter, longer), defaults, strict=True)
        )
        excused = ""
    excused += "".join(f"!{value}.matches(r'{_CEL_DURATION}') || " for value in (first, second))
    return f"{excused}duration({first}) <= duration({second})"


@dataclass(frozen=True, slots=True)
class ByteSize:
    """The annotation of an `int` written as a number of bytes such as 10Mi, from `minimum` to `maximum`."""

    minimum: str
    maximum: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that reads the size and checks the bounds."""
        low, high = parse_bytes(self.minimum), parse_bytes(self.maximum)

        def read(value: Any) -> int:
            if isinstance(value, bool) or not isinstance(value, int | str):
                raise _refuse(self._message)
            try:
                size = parse_bytes(value)
            except (InvalidValue, ValueError) as error:
                raise _refuse(self._message) from error
            if low <= size <= high:
                return size
            raise _refuse(self._message)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(format_bytes)
        )

    @property
    def _message(self) -> str:
        return f"must be a number of bytes from {self.minimum} to {self.maximum}, such as 512Ki, 10Mi or 1048576"

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of an integer or a text. The pattern is part of the rule, as for durations."""
        size = "quantity(string(self))"
        bounds = (
            f"{size}.compareTo(quantity('{self.minimum}')) >= 0 && {size}.compareTo(quantity('{self.maximum}')) <= 0"
        )
        return {
            "x-kubernetes-int-or-string": True,
            "maxLength": 32,
            ALLOWED: f"{self.minimum} to {self.maximum} bytes, such as 512Ki, 10Mi or 1048576",
            "x-kubernetes-validations": [
                {"rule": f"string(self).matches(r'{BYTES_PATTERN}') && {bounds}", "message": self._message}
            ],
        }


def format_bytes(size: int) -> str:
    """Return a number of bytes in the largest binary unit that divides it, such as `10Mi`."""
    unit, factor = next(((u, f) for u, f in _BINARY_UNITS if size and size % f == 0), ("", 1))
    return f"{size // factor}{unit}"


@dataclass(frozen=True, slots=True)
class Instant:
    """The annotation of a `datetime` written as an instant of RFC 3339 with its offset from UTC."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that reads RFC 3339, section 5.6, and nothing else that Python would read."""
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
        """Return the schema. The pattern refuses what the API server's own format accepts beyond RFC 3339."""
        return {"type": "string", "format": "date-time", "pattern": _INSTANT_PATTERN, "maxLength": _MAX_LENGTH}
