"""The scalar types of the API, as the API server reads them.

Nothing is coerced: `"5"` is not an integer and `1` is not a boolean. Durations and byte sizes are in `quantities`,
lists in `lists`.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, Strict, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from scrape_operator.api.kinds.base import ALLOWED
from scrape_operator.api.rules import Rule
from scrape_operator.core.net.headers import CONNECTION_HEADERS, HOST_HEADER, refusal_of

LABEL_PATTERN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
OBJECT_NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
FIELD_NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]{0,62}$"
HEADER_NAME_PATTERN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"  # a token of RFC 9110, section 5.6.2
FIELD_VALUE_PATTERN = r"^[^\r\n\x00]*$"
DATA_KEY_PATTERN = "^[-._a-zA-Z0-9]+$"
TIME_ZONE_PATTERN = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
CLOCK_PATTERN = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
DNS_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"
HOST_MATCH_PATTERN = r"^(\*|(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])$"
PREFIX_PATTERN = "^[A-Za-z_][A-Za-z0-9_.-]*$"

_INTEGER_END = 2**63

Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict()]

Label = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=63, pattern=LABEL_PATTERN)]
ObjectName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=253, pattern=OBJECT_NAME_PATTERN)]
FieldName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=63, pattern=FIELD_NAME_PATTERN)]
ParameterName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256)]
ParameterValue = Annotated[str, StringConstraints(strict=True, max_length=8192)]
HeaderName = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=256, pattern=HEADER_NAME_PATTERN),
    Rule(
        f"!(self.lowerAscii() in {list(CONNECTION_HEADERS)})",
        lambda name: name.lower() not in CONNECTION_HEADERS,
        refusal_of(CONNECTION_HEADERS[0]),
    ),
    Rule(
        f"self.lowerAscii() != '{HOST_HEADER}'",
        lambda name: name.lower() != HOST_HEADER,
        refusal_of(HOST_HEADER),
    ),
]
HeaderValue = Annotated[str, StringConstraints(strict=True, max_length=8192, pattern=FIELD_VALUE_PATTERN)]
Expression = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)]
Description = Annotated[str, StringConstraints(strict=True, max_length=1024)]
Clock = Annotated[str, StringConstraints(strict=True, max_length=5, pattern=CLOCK_PATTERN)]
TimeZone = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=64, pattern=TIME_ZONE_PATTERN),
    Rule(
        "self != 'Local'",
        lambda name: name != "Local",
        "must name a time zone such as Etc/UTC or Europe/Berlin: Local would depend on the operator's machine",
    ),
]

REMEDIES = {
    LABEL_PATTERN: "must be made of lower-case letters, digits and '-', with a letter or digit at both ends (RFC 1123)",
    OBJECT_NAME_PATTERN: "must be the name of an object: lower-case letters, digits, '-' and '.' (RFC 1123)",
    FIELD_NAME_PATTERN: "must begin with a letter or '_' and go on with up to 62 letters, digits or '_'",
    HEADER_NAME_PATTERN: "must be the name of a header: letters, digits and !#$%&'*+-.^_`|~, no spaces (RFC 9110)",
    FIELD_VALUE_PATTERN: "must not hold a line break or NUL: write the value of a header on one line",
    DATA_KEY_PATTERN: "must be the key of a Secret: letters, digits, '-', '_' and '.'",
    TIME_ZONE_PATTERN: "must be the name of a time zone such as Etc/UTC or Europe/Berlin, not an offset",
    CLOCK_PATTERN: "must be a time of day from 00:00 to 24:00, such as '08:30', in quotes",
    DNS_PATTERN: "must be the name of a host",
    HOST_MATCH_PATTERN: "must be a host name, '*.' and a domain, or '*' alone; write an IPv6 address in brackets",
    PREFIX_PATTERN: "must be a namespace prefix: a letter or '_', then letters, digits, '_', '.' or '-'",
}
"""The message for a text that does not match a pattern."""


@dataclass(frozen=True, slots=True)
class JSONValue:
    """The annotation of any JSON value, or any JSON object, of up to `max_bytes` of JSON text in UTF-8."""

    max_bytes: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that also checks the size."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any) -> Any:
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            raise PydanticCustomError("not_json", "must be a JSON value: quote dates, avoid deep nesting") from error
        if len(text.encode("utf-8", "surrogatepass")) > self.max_bytes:
            raise PydanticCustomError("json_too_long", "must be at most {max} bytes of JSON", {"max": self.max_bytes})
        return value

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return a schema that keeps all members. The API server cannot check the size of such a value."""
        kept = {"x-kubernetes-preserve-unknown-fields": True, ALLOWED: f"at most {self.max_bytes} bytes of JSON"}
        return handler(schema) | kept


AnyJSON = Annotated[Any, JSONValue(4096)]


@dataclass(frozen=True, slots=True)
class Integer:
    """The annotation of a whole number from `minimum` to `maximum`."""

    minimum: int
    maximum: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema. Its only coercion is the one that the API server makes, of 5.0 to 5."""
        bounded = core_schema.int_schema(strict=True, ge=self.minimum, le=self.maximum)
        return core_schema.no_info_before_validator_function(self._integral, bounded)

    @staticmethod
    def _integral(value: Any) -> Any:
        # JSON has one type of number: the API server reads 5.0 and 5e0 as the integer 5, and stores that.
        if isinstance(value, float) and abs(value) < _INTEGER_END and value.is_integer():
            return int(value)
        return value

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema with the bounds."""
        return {"type": "integer", "format": "int64", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True, slots=True)
class IntOrString:
    """The annotation of an integer of at least `minimum`, or a text of 1 to `max_length` characters."""

    minimum: int
    max_length: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that checks without coercion."""
        return core_schema.no_info_plain_validator_function(self._check)

    def _check(self, value: Any) -> int | str:
        if isinstance(value, str) and 1 <= len(value) <= self.max_length:
            return value
        if isinstance(value, int) and not isinstance(value, bool) and self.minimum <= value < _INTEGER_END:
            return value
        raise PydanticCustomError(
            "int_or_string",
            "must be an integer of at least {minimum}, or a text of 1 to {max_length} characters",
            {"minimum": self.minimum, "max_length": self.max_length},
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema in the form that Kubernetes uses for such a value."""
        return {
            "x-kubernetes-int-or-string": True,
            "minimum": self.minimum,
            "minLength": 1,
            "maxLength": self.max_length,
            ALLOWED: f"an integer of at least {self.minimum}, or a text of 1 to {self.max_length} characters",
        }
