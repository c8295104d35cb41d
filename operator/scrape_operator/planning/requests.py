"""The request of an HTTP target: compiled from its spec, and filled in for each run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from scrape_operator.api.kinds import credentials
from scrape_operator.api.kinds.http import HTTP
from scrape_operator.api.kinds.http import Body as BodySpec
from scrape_operator.api.kinds.notify import Notify
from scrape_operator.api.kinds.references import SecretKeyReference
from scrape_operator.core.net.access import (
    NO_ACCESS,
    Access,
    ApiKeyAuth,
    ApiKeyPlace,
    Auth,
    BasicAuth,
    BearerAuth,
    OAuth2Auth,
    SecretKey,
    TLSOptions,
)
from scrape_operator.core.net.bodies import FormBody, JSONBody, RequestBody, TextBody
from scrape_operator.core.net.documents import Request
from scrape_operator.core.notifications.webhooks import Webhook
from scrape_operator.core.runs.placeholders import is_template, render, render_embedded

CONTENT_TYPE = "Content-Type"


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """A request as it is written, with its placeholders; `is_fixed` says that it can have none.

    `access` is what it takes from Secrets.
    """

    request: Request
    body: RequestBody | None
    access: Access
    is_fixed: bool = False

    def fill(self, scheduled_for: datetime, zone: ZoneInfo) -> Request:
        """Return the request of one run."""
        if self.is_fixed:
            return self.request
        fill_all = partial(render, scheduled_for=scheduled_for, zone=zone)
        fill_embedded = partial(render_embedded, scheduled_for=scheduled_for, zone=zone)
        request = self.request
        filled = replace(
            request,
            url=fill_all(request.url),
            params=tuple((name, fill_all(value)) for name, value in request.params),
            headers=tuple((name, fill_embedded(value)) for name, value in request.headers),
        )
        return filled if self.body is None else _with_body(filled, self.body, fill_embedded)


def _with_body(request: Request, body: RequestBody, fill: Callable[[str], str]) -> Request:
    encoded = body.encode(fill)
    headers = tuple(request.headers)
    if not any(name.lower() == CONTENT_TYPE.lower() for name, _ in headers):
        headers = (*headers, (CONTENT_TYPE, encoded.content_type))
    return replace(request, body=encoded.content, headers=headers)


def compile_request(http: HTTP, max_body_bytes: int) -> RequestTemplate:
    """Compile the request of a target; `max_body_bytes` bounds what the answer may have."""
    request = Request(
        url=http.url,
        method=http.method,
        headers=tuple((header.name, header.value) for header in http.headers if header.value is not None),
        params=tuple((param.name, param.value) for param in http.params),
        timeout=http.timeout.total_seconds(),
        max_redirects=http.max_redirects,
        max_body_bytes=max_body_bytes,
        success_status=tuple(http.success_status),
    )
    texts = [request.url, *(value for _, value in (*request.params, *request.headers))]
    is_fixed = http.body is None and not any(map(is_template, texts))
    return RequestTemplate(request, _body(http.body), _access(http), is_fixed)


def compile_webhook(notify: Notify) -> Webhook:
    """Compile a webhook."""
    return Webhook(notify.name, notify.events, _key(notify.url_secret_ref), _key(notify.signing_secret_ref))


def _body(body: BodySpec | None) -> RequestBody | None:
    if body is None:
        return None
    if body.text is not None:
        return TextBody(body.text)
    if body.form is not None:
        return FormBody(tuple((field.name, field.value) for field in body.form))
    return JSONBody(body.json_)


def _access(http: HTTP) -> Access:
    access = Access(
        headers=tuple(
            (header.name, _key(header.value_from.secret_key_ref)) for header in http.headers if header.value_from
        ),
        auth=None if http.auth is None else _auth(http.auth),
        tls=None if http.tls is None else _tls(http.tls),
        proxy_secret=None if http.proxy_secret_ref is None else http.proxy_secret_ref.name,
    )
    return NO_ACCESS if access == NO_ACCESS else access


def _auth(auth: credentials.Auth) -> Auth | None:
    if auth.basic is not None:
        return BasicAuth(auth.basic.secret_ref.name)
    if auth.bearer is not None:
        return BearerAuth(_key(auth.bearer.secret_key_ref))
    if auth.api_key is not None:
        return ApiKeyAuth(ApiKeyPlace(auth.api_key.in_), auth.api_key.name, _key(auth.api_key.secret_key_ref))
    if auth.oauth2 is not None:
        return OAuth2Auth(auth.oauth2.token_url, auth.oauth2.secret_ref.name, auth.oauth2.scopes)
    return None


def _tls(tls: credentials.TLS) -> TLSOptions:
    return TLSOptions(
        ca_secret=tls.ca_secret_ref.name if tls.ca_secret_ref else None,
        certificate_secret=tls.cert_secret_ref.name if tls.cert_secret_ref else None,
        server_name=tls.server_name,
    )


def _key(reference: SecretKeyReference) -> SecretKey:
    return SecretKey(reference.name, reference.key)
