"""The request of a target: `http` and `retry`."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field as Bounds
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.credentials import TLS, Auth
from scrape_operator.api.kinds.lists import ListSet
from scrape_operator.api.kinds.quantities import ByteSize, GoDuration, cel_not_longer
from scrape_operator.api.kinds.references import Reference, SecretKeyReference
from scrape_operator.api.kinds.urls import url_rules
from scrape_operator.api.kinds.values import (
    Flag,
    HeaderName,
    HeaderValue,
    Integer,
    JSONValue,
    ParameterName,
    ParameterValue,
)
from scrape_operator.api.rules import Rule, exactly_one

MIN_STATUS, MAX_STATUS = 100, 599  # RFC 9110, section 15


class Method(StrEnum):
    """A method of RFC 9110 or RFC 5789."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"


WITH_BODY = (Method.POST, Method.PUT, Method.PATCH)


class Parameter(ApiModel):
    """A parameter of the query."""

    name: ParameterName
    """The name, before percent-encoding, such as q."""

    value: ParameterValue
    """The value, before percent-encoding, such as shoes. {scheduledFor} and {scheduledFor:%Y-%m-%d} are replaced per
    run, as in the URL."""


class FormField(ApiModel):
    """A field of a form."""

    name: ParameterName
    """The name, before encoding, such as q."""

    value: ParameterValue
    """The value, before encoding, such as shoes."""


class HeaderSource(ApiModel):
    """The source of a header's value."""

    secret_key_ref: SecretKeyReference
    """The key of a Secret that holds the value."""


class Header(ApiModel):
    """A header of the request, with its value or a reference to it."""

    name: HeaderName
    """The name of the header, such as Accept-Language."""

    value: HeaderValue | None = None
    """The value of the header, on one line, such as en."""

    value_from: HeaderSource | None = None
    """The source of the value, instead of value."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("value", "valueFrom"),)


class Body(ApiModel):
    """The body of a request, in exactly one form. Content-Type is set accordingly unless a header sets it."""

    json_: Annotated[Any, JSONValue(65536)] = Bounds(default=None, alias="json")
    """Any JSON value, sent as application/json, such as {"q": "shoes"}."""

    form: Annotated[tuple[FormField, ...], Bounds(max_length=256)] | None = None
    """The fields of a form, sent as application/x-www-form-urlencoded."""

    text: Annotated[str, StringConstraints(strict=True, max_length=65536)] | None = None
    """Text, sent in UTF-8 as text/plain, such as <query/>."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("json", "form", "text"),)


class StatusMatch:
    """The annotation of a status code, or of a class of status codes such as 2xx."""

    _MESSAGE = 'must be a status code from 100 to 599, or a class of them as text: "2xx"'
    _CLASS = re.compile("[1-5]xx")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that checks without coercion."""
        return core_schema.no_info_plain_validator_function(self._check)

    def _check(self, value: Any) -> int | str:
        if isinstance(value, int) and not isinstance(value, bool) and MIN_STATUS <= value <= MAX_STATUS:
            return value
        if isinstance(value, str) and self._CLASS.fullmatch(value):
            return value
        raise PydanticCustomError("status", "{message}", {"message": self._MESSAGE})

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema in the form that Kubernetes uses for such a value."""
        rule = "type(self) == int ? (self >= 100 && self <= 599) : string(self).matches('^[1-5]xx$')"
        return {
            "x-kubernetes-int-or-string": True,
            "maxLength": 3,
            "x-kubernetes-validations": [{"rule": rule, "message": self._MESSAGE}],
        }


class HTTP(ApiModel):
    """An HTTP request, and which answers are a success."""

    url: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2048)]
    """The address, http or https, such as https://shop.example/deals/{scheduledFor:%Y-%m-%d}. {scheduledFor} is
    replaced per run by the due time in UTC, and by strftime in timeZone with a format. {{ and }} are literal braces.
    A fragment is allowed and not sent."""

    method: Method = Method.GET
    """The method of the request. One that is not idempotent is only retried if retry.methods names it."""

    params: Annotated[tuple[Parameter, ...], Bounds(max_length=64)] = ()
    """Parameters that are added to the query of the URL, in order. A name may appear more than once."""

    headers: Annotated[tuple[Header, ...], Bounds(max_length=64)] = ()
    """Headers of the request."""

    body: Body | None = None
    """The body of the request. It needs the method POST, PUT or PATCH."""

    auth: Auth | None = None
    """The credentials of the request, from Secrets."""

    tls: TLS | None = None
    """How the server's certificate is verified, and the client's certificate."""

    proxy_secret_ref: Reference | None = None
    """A Secret whose key url is the URL of a proxy, with its credentials."""

    timeout: Annotated[timedelta, GoDuration("100ms", "10m")] = timedelta(seconds=30)
    """How long one try of one request may take, with its redirects and the last byte of the body."""

    max_redirects: Annotated[int, Integer(0, 20)] = 5
    """How many redirects are followed. One more ends the request with the reason RedirectError."""

    max_body_bytes: Annotated[int, ByteSize("1Ki", "1Gi")] = 10 * 2**20
    """The largest body after decompression. A larger one ends the request with the reason TooLarge."""

    success_status: Annotated[tuple[Annotated[int | str, StatusMatch()], ...], Bounds(min_length=1, max_length=32)] = (
        "2xx",
    )
    """The status codes that are a success: numbers such as 200, or classes as text such as "3xx"."""

    conditional: Flag | None = None
    """Whether GET and HEAD send the ETag and Last-Modified of the answer before. If the server answers 304, or the body
    is the same, the target has the reason NotModified: nothing is parsed and no item is written. Absent: false."""

    rules: ClassVar[tuple[Rule, ...]] = (
        *url_rules("url", "url", "put them into a Secret and refer to it in auth.basic"),
        Rule(
            "!has(self.body) || (has(self.method) && self.method in ['POST', 'PUT', 'PATCH'])",
            lambda http: http.body is None or http.method in WITH_BODY,
            "needs method POST, PUT or PATCH: set method, or remove the body",
            path="body",
        ),
    )


class Retry(ApiModel):
    """How often a request is tried.

    The delays grow exponentially with full jitter. Retry-After is respected, up to maxDelay.
    """

    attempts: Annotated[int, Integer(1, 10)] = 3
    """The number of tries in total. With 1 nothing is retried."""

    initial_delay: Annotated[timedelta, GoDuration("10ms", "1m")] = timedelta(seconds=1)
    """The longest delay before the second try. It doubles with every further try."""

    max_delay: Annotated[timedelta, GoDuration("10ms", "10m")] = timedelta(seconds=30)
    """The longest delay before any try, at least initialDelay."""

    methods: Annotated[tuple[Method, ...], Bounds(max_length=5), ListSet()] = (Method.GET, Method.HEAD)
    """The methods that are retried: GET, HEAD, POST, PUT, PATCH."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel_not_longer("initialDelay", "maxDelay", ("1s", "30s")),
            lambda retry: retry.max_delay >= retry.initial_delay,
            "must not be shorter than initialDelay: raise it, or lower initialDelay",
            path="maxDelay",
        ),
    )
