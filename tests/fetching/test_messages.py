"""Messages of failures: they name the cause, the limit that was met, and a remedy that exists."""

import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.access import Access, OAuth2Auth
from scrape_operator.core.net.documents import Purpose, Request
from scrape_operator.core.net.policy import DEFAULT_POLICY
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import translate
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.settings import Settings
from tests.fetching.servers import answering, never_ending, ok, redirect, serving
from tests.support.fetching import NO_RETRY, NO_ROBOTS, requester
from tests.support.secrets import MemorySecrets

CERTIFICATE_REMEDY = "name a Secret with a client certificate in http.tls.certSecretRef"


async def message(fetcher, request):
    with pytest.raises(ScrapeFailed) as raised:
        await fetcher.fetch(request)
    return raised.value.message


@pytest.mark.parametrize(
    ("status", "retry_after", "words"),
    [
        ("429 Slow", "120", "answered 429 Too Many Requests and asked for a pause (Retry-After) of 2m"),
        ("503 Busy", "5", "answered 503 Service Unavailable and asked for a pause (Retry-After) of 5s"),
        ("429 Slow", "0", "answered 429 Too Many Requests"),
        ("429 Slow", "soon", "answered 429 Too Many Requests"),
        ("500 Oops", "120", "answered 500 Internal Server Error"),
    ],
)
async def test_the_pause_that_a_server_asked_for_is_named(fetcher, status, retry_after, words):
    async with serving(answering(ok(b"", f"Retry-After: {retry_after}", status=status))) as server:
        assert (await message(fetcher, Request(server.url))).endswith(words)


@pytest.mark.parametrize("count", [257, 300, 5000])
async def test_too_many_headers_are_too_much_header(fetcher, count):
    head = b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * count + b"Content-Length: 0\r\n\r\n"
    async with serving(answering(head)) as server:
        assert (await message(fetcher, Request(server.url))).endswith("sent too much header")


@pytest.mark.parametrize(
    ("answer", "limit", "words"),
    [
        (
            redirect("/"),
            {"max_redirects": 1},
            "redirects more than 1 times: raise http.maxRedirects to follow further",
        ),
        (ok(b"x" * 9), {"max_body_bytes": 8}, "sent a body of more than 8 bytes: raise http.maxBodyBytes to read it"),
    ],
)
async def test_fields_of_the_spec_are_named_for_requests_of_targets_alone(fetcher, answer, limit, words):
    for purpose in Purpose:
        async with serving(answering(answer)) as server:
            text = await message(fetcher, Request(server.url, purpose=purpose, **limit))
        assert text.endswith(words) is (purpose is Purpose.TARGET)
        assert ("http.max" in text) is (purpose is Purpose.TARGET)


async def test_the_timeout_of_the_spec_is_named_for_requests_of_targets_alone(fetcher):
    for purpose in Purpose:
        async with serving(never_ending()) as server:
            text = await message(fetcher, Request(server.url, purpose=purpose, timeout=0.05))
        assert "did not answer in full within 0.05 s" in text
        assert ("http.timeout" in text) is (purpose is Purpose.TARGET)


class TokenEndpoint:
    """A target whose token comes from an endpoint with one answer."""

    def __init__(self, trusting, handler):
        self._trusting = trusting
        self._handler = handler

    async def message(self):
        secrets = MemorySecrets({"oauth": {"client_id": "me", "client_secret": "hunter2"}})
        settings = Settings(allow_cidrs="127.0.0.0/8")
        async with (
            serving(self._handler) as server,
            open_fetcher(settings, ssl_context=self._trusting, secrets=secrets) as http,
        ):
            access = Access(auth=OAuth2Auth(f"{server.url}/token", "oauth"))
            session = http.open_session(requester(), NO_RETRY, access, NO_ROBOTS)
            return await message(session, Request(server.url))


async def test_a_silent_token_endpoint_has_its_own_time_and_not_the_runs(trusting, monkeypatch):
    for module in ("auth.oauth2", "zone"):
        monkeypatch.setattr(f"scrape_operator.fetching.{module}.TOKEN_SECONDS", 0.1)
    text = await TokenEndpoint(trusting, never_ending()).message()
    assert text.startswith("token endpoint: 127.0.0.1")
    assert text.endswith("did not answer in full within 0.1 s, which is the time for a token")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (redirect("/other"), "write its final address into http.auth.oauth2.tokenURL"),
        (ok(b"x" * 70_000), "sent a body of more than 65536 bytes"),
    ],
)
async def test_limits_of_a_token_endpoint_name_no_field_of_the_page(trusting, answer, words):
    text = await TokenEndpoint(trusting, answering(answer)).message()
    assert text.endswith(words)


async def test_redirects_of_robots_txt_name_no_field_of_the_page(trusting):
    async with (
        serving(answering(redirect("/robots.txt"))) as server,
        open_fetcher(Settings(allow_cidrs="127.0.0.0/8"), ssl_context=trusting) as http,
    ):
        text = await message(http.open_session(requester(), NO_RETRY, policy=DEFAULT_POLICY), Request(server.url))
    assert text.endswith("redirects more than 5 times")


def tls_error(reason):
    error = ssl.SSLError(1, "")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "refused the TLS connection: handshake failure"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "refused the TLS connection: protocol version"),
        ("TLSV1_UNRECOGNIZED_NAME", "refused the TLS connection: unrecognized name"),
        ("TLSV13_ALERT_MISSING_EXTENSION", "refused the TLS connection: missing extension"),
        (
            "TLSV13_ALERT_CERTIFICATE_REQUIRED",
            f"refused the TLS connection: certificate required: {CERTIFICATE_REMEDY}",
        ),
        ("WRONG_VERSION_NUMBER", "does not speak TLS: wrong version number"),
    ],
)
def test_an_alert_of_the_server_is_told_from_what_is_no_tls(reason, words):
    key = ConnectionKey("shop.example", 443, True, True, None, None, None)
    error = aiohttp.ClientConnectorSSLError(key, tls_error(reason))
    failed = translate(error, secure=True)
    assert (failed.reason, failed.message) == (Reason.TLS_ERROR, words)
