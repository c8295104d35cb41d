"""The scalar types of the API: what the API server means by text, integer, boolean, and what a time zone's name is.

Nothing is coerced: `"5"` is no integer and `1` no boolean, as for the API server. Durations and byte sizes are in
`quantities`, lists in `lists`.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from scrape_operator.api.rules import Rule

LABEL_PATTERN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
OBJECT_NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
FIELD_NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]{0,62}$"
TOKEN_PATTERN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"  # noqa: S105 -- RFC 9110 section 5.6.2, no secret
FIELD_VALUE_PATTERN = r"^[^\r\n\x00]*$"
SECRET_KEY_PATTERN = "^[-._a-zA-Z0-9]+$"  # noqa: S105 -- a pattern, no secret
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
HeaderName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256, pattern=TOKEN_PATTERN)]
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
        "must name a time zone such as Etc/UTC or Europe/Berlin, not Local: the operator's own zone means nothing",
    ),
]
AnyJSON = Annotated[Any, Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})]

REMEDIES = {
    LABEL_PATTERN: "must be made of lower-case letters, digits and '-', with a letter or digit at both ends (RFC 1123)",
    OBJECT_NAME_PATTERN: "must be the name of an object: lower-case letters, digits, '-' and '.' (RFC 1123)",
    FIELD_NAME_PATTERN: "must begin with a letter or '_' and go on with up to 62 letters, digits or '_'",
    TOKEN_PATTERN: "must be the name of a header: letters, digits and !#$%&'*+-.^_`|~, no spaces (RFC 9110)",
    FIELD_VALUE_PATTERN: "must not hold a line break or NUL: write the value of a header on one line",
    SECRET_KEY_PATTERN: "must be the key of a Secret: letters, digits, '-', '_' and '.'",
    TIME_ZONE_PATTERN: "must be the name of a time zone such as Etc/UTC or Europe/Berlin, not an offset",
    CLOCK_PATTERN: "must be a time of day from 00:00 to 24:00, such as '08:30', in quotes",
    DNS_PATTERN: "must be the name of a host",
    HOST_MATCH_PATTERN: "must be a host name, '*.' and a domain, or '*' alone; write an IPv6 address in brackets",
    PREFIX_PATTERN: "must be a namespace prefix: a letter or '_', then letters, digits, '_', '.' or '-'",
}
"""What to tell a person about a text that doesn't match."""


@dataclass(frozen=True, slots=True)
class Integer:
    """Annotates `int`: a whole number from `minimum` to `maximum`."""

    minimum: int
    maximum: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check without coercion, but for the one that the API server makes."""
        bounded = core_schema.int_schema(strict=True, ge=self.minimum, le=self.maximum)
        return core_schema.no_info_before_validator_function(self._integral, bounded)

    @staticmethod
    def _integral(value: Any) -> Any:
        # JSON knows one kind of number: the API server reads 5.0 and 5e0 as the integer 5, and keeps that.
        if isinstance(value, float) and abs(value) < _INTEGER_END and value.is_integer():
            return int(value)
        return value

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the bounds."""
        return {"type": "integer", "format": "int64", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True, slots=True)
class IntOrString:
    """Annotates `int | str`: an integer from `minimum` on, or a text of 1 to `max_length` characters."""

    minimum: int
    max_length: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check without coercion."""
        return core_schema.no_info_plain_validator_function(self._check)

    def _check(self, value: Any) -> int | str:
        if isinstance(value, str) and 1 <= len(value) <= self.max_length:
            return value
        if isinstance(value, int) and not isinstance(value, bool) and self.minimum <= value < _INTEGER_END:
            return value
        raise PydanticCustomError(
            "int_or_string",
            "must be an integer from {minimum} on, or a text of 1 to {max_length} characters",
            {"minimum": self.minimum, "max_length": self.max_length},
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe it as Kubernetes does."""
        return {
            "x-kubernetes-int-or-string": True,
            "minimum": self.minimum,
            "minLength": 1,
            "maxLength": self.max_length,
        }
