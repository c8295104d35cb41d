"""What is asked for over HTTP: `http` of a target, and its `retry`."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field as Bounds
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.credentials import HTTP_URL, TLS, Auth
from scrape_operator.api.kinds.lists import ListSet
from scrape_operator.api.kinds.quantities import ByteSize, GoDuration, cel_not_longer
from scrape_operator.api.kinds.references import Reference, SecretKeyReference
from scrape_operator.api.kinds.values import (
    AnyJSON,
    Flag,
    HeaderName,
    HeaderValue,
    Integer,
    ParameterName,
    ParameterValue,
)
from scrape_operator.api.rules import Rule, exactly_one

_USERINFO = r"^[^/?#]*//[^/?#]*@"
_CONTROL = r"[\x00-\x1f\x7f]|^[^/?#]*//[^/?#]*\\"


def _matches(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


class Method(StrEnum):
    """A method of RFC 9110 or RFC 5789."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"


WITH_BODY = (Method.POST, Method.PUT, Method.PATCH)


class Parameter(ApiModel):
    """A name and its value, in the query or in a form."""

    name: ParameterName
    """The name, as it is before percent-encoding."""

    value: ParameterValue
    """The value, before percent-encoding. {scheduledFor} and {scheduledFor:%Y-%m-%d} are filled in per run."""


class FormField(ApiModel):
    """A name and its value in a form."""

    name: ParameterName
    """The name, before encoding."""

    value: ParameterValue
    """The value, before encoding."""


class HeaderSource(ApiModel):
    """Where a header's value comes from."""

    secret_key_ref: SecretKeyReference
    """The key of a Secret that holds the value."""


class Header(ApiModel):
    """A header of the request; its value is given here or comes from a Secret."""

    name: HeaderName
    """The name of the header, such as Accept-Language."""

    value: HeaderValue | None = None
    """The value of the header."""

    value_from: HeaderSource | None = None
    """Takes the value from a Secret instead."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("value", "valueFrom"),)


class Body(ApiModel):
    """The body of a request, in exactly one form. Content-Type follows from it unless a header gives it."""

    json_: AnyJSON = Bounds(default=None, alias="json")
    """Any JSON value, sent as application/json."""

    form: Annotated[tuple[FormField, ...], Bounds(max_length=256)] | None = None
    """Names and values, sent as application/x-www-form-urlencoded."""

    text: Annotated[str, StringConstraints(strict=True, max_length=65536)] | None = None
    """Text, sent as it is in UTF-8, as text/plain."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("json", "form", "text"),)


class StatusMatch:
    """Annotates `int | str`: a status code, or a class of them such as 2xx."""

    _MESSAGE = 'must be a status code from 100 to 599, or a class of them as text: "2xx"'
    _CLASS = re.compile("[1-5]xx")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check without coercion."""
        return core_schema.no_info_plain_validator_function(self._check)

    def _check(self, value: Any) -> int | str:
        if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:  # noqa: PLR2004 -- RFC 9110 section 15
            return value
        if isinstance(value, str) and self._CLASS.fullmatch(value):
            return value
        raise PydanticCustomError("status", "{message}", {"message": self._MESSAGE})

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe it as Kubernetes does."""
        rule = "type(self) == int ? (self >= 100 && self <= 599) : string(self).matches('^[1-5]xx$')"
        return {
            "x-kubernetes-int-or-string": True,
            "maxLength": 3,
            "x-kubernetes-validations": [{"rule": rule, "message": self._MESSAGE}],
        }


class HTTP(ApiModel):
    """One request, and what counts as an answer."""

    url: Annotated[
        str,
        StringConstraints(strict=True, min_length=1, max_length=2048),
        Rule(
            f"self.matches(r'{HTTP_URL}')",
            _matches(HTTP_URL).search,
            "must begin with http:// or https:// and name a host",
        ),
        Rule(
            f"!self.matches(r'{_USERINFO}')",
            lambda url: not _matches(_USERINFO).search(url),
            "must not hold a user name or password: put them into a Secret and refer to it by auth.basic",
        ),
        Rule(
            f"!self.matches(r'{_CONTROL}')",
            lambda url: not _matches(_CONTROL).search(url),
            "must not hold control characters, nor a backslash in the host: write them percent-encoded",
        ),
    ]
    """The address, http or https. {scheduledFor} and {scheduledFor:%Y-%m-%d} are filled in per run: the due time in
    UTC, or in timeZone by strftime. {{ and }} are literal braces. A fragment is allowed and not sent."""

    method: Method = Method.GET
    """GET, HEAD, POST, PUT or PATCH. A method that isn't idempotent is retried only where retry.methods names it."""

    params: Annotated[tuple[Parameter, ...], Bounds(max_length=64)] = ()
    """Parameters that are added to the query of the URL, in order; a name may be given more than once."""

    headers: Annotated[tuple[Header, ...], Bounds(max_length=64)] = ()
    """Headers of the request."""

    body: Body | None = None
    """The body of the request; needs method POST, PUT or PATCH."""

    auth: Auth | None = None
    """The credentials of the request, from Secrets."""

    tls: TLS | None = None
    """How the server's certificate is checked, and which one is shown to it."""

    proxy_secret_ref: Reference | None = None
    """A Secret whose key url is the address of the proxy to go through, with its credentials."""

    timeout: Annotated[timedelta, GoDuration("100ms", "10m")] = timedelta(seconds=30)
    """How long one try of one request may take, redirects and the last byte included: 100ms to 10m."""

    max_redirects: Annotated[int, Integer(0, 20)] = 5
    """How many redirects are followed; one more is the reason RedirectError."""

    max_body_bytes: Annotated[int, ByteSize("1Ki", "1Gi")] = 10 * 2**20
    """How large a decompressed body may be, 1Ki to 1Gi; a larger one is the reason TooLarge."""

    success_status: Annotated[tuple[Annotated[int | str, StatusMatch()], ...], Bounds(min_length=1, max_length=32)] = (
        "2xx",
    )
    """The statuses that count as success: codes as integers, or classes as text such as "3xx"."""

    conditional: Flag | None = None
    """Whether the last answer's ETag and Last-Modified are sent with GET and HEAD. The answer 304 is then the reason
    NotModified: nothing is parsed and no item is written."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.body) || (has(self.method) && self.method in ['POST', 'PUT', 'PATCH'])",
            lambda http: http.body is None or http.method in WITH_BODY,
            "needs method POST, PUT or PATCH: set method, or remove the body",
            path="body",
        ),
    )


class Retry(ApiModel):
    """How often a request is tried.

    Waits grow exponentially with full jitter; Retry-After is honoured, up to maxDelay.
    """

    attempts: Annotated[int, Integer(1, 10)] = 3
    """Tries in all, 1 to 10; 1 means that nothing is tried again."""

    initial_delay: Annotated[timedelta, GoDuration("10ms", "1m")] = timedelta(seconds=1)
    """The longest wait before the second try, 10ms to 1m; it doubles with every further try."""

    max_delay: Annotated[timedelta, GoDuration("10ms", "10m")] = timedelta(seconds=30)
    """The longest wait of all, from initialDelay to 10m."""

    methods: Annotated[tuple[Method, ...], Bounds(max_length=5), ListSet()] = (Method.GET, Method.HEAD)
    """The methods that are tried again."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel_not_longer("initialDelay", "maxDelay", ("1s", "30s")),
            lambda retry: retry.max_delay >= retry.initial_delay,
            "must not be shorter than initialDelay: raise it, or lower initialDelay",
            path="maxDelay",
        ),
    )
