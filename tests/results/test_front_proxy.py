"""Only the front proxy names callers: section 4 of the measurements, over real TLS."""

import asyncio
import json
import logging
import ssl
from datetime import timedelta

import aiohttp
import pytest

from scrape_operator.core.errors import InvalidValue
from scrape_operator.results.front_proxy import Caller, FrontProxy, read_rules
from tests.results.conftest import ALLOWED, Listener, published
from tests.support.certificates import Authority

ADMIN = {"X-Remote-User": "admin", "X-Remote-Group": "system:masters"}
REFUSED = (aiohttp.ClientConnectionError, ssl.SSLError)


async def test_the_front_proxy_names_the_caller_with_groups_uid_and_extra(listener: Listener) -> None:
    headers = [
        ("X-Remote-User", "jane"), ("X-Remote-Group", "dev"), ("X-Remote-Group", "shop"), ("X-Remote-Uid", "42"),
        ("X-Remote-Extra-Scopes", "a"), ("X-Remote-Extra-Scopes", "b"), ("X-Remote-Extra-Acme.com%2fproject", "x"),
    ]  # fmt: skip
    assert await listener.ask(listener.front.issue(ALLOWED), headers) == 200
    extra = (("acme.com/project", ("x",)), ("scopes", ("a", "b")))
    assert listener.callers == [Caller("jane", "42", ("dev", "shop"), extra)]


async def test_headers_without_a_certificate_are_forged(listener: Listener) -> None:
    assert await listener.ask(None, ADMIN) == 401


async def test_a_certificate_of_another_name_speaks_for_nobody(listener: Listener) -> None:
    assert await listener.ask(listener.front.issue("jane"), ADMIN) == 401


@pytest.mark.parametrize("name", [ALLOWED, "jane"])
async def test_a_certificate_of_another_ca_ends_the_handshake(listener: Listener, name: str) -> None:
    with pytest.raises(REFUSED):
        await listener.ask(Authority("front proxy").issue(name), ADMIN)
    assert listener.callers == []


async def test_an_expired_certificate_ends_the_handshake(listener: Listener) -> None:
    expired = listener.front.issue(ALLOWED, valid=(timedelta(days=-2), timedelta(seconds=-1)))
    with pytest.raises(REFUSED):
        await listener.ask(expired, ADMIN)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no user"),
        pytest.param({"X-Remote-User": ""}, id="an empty user"),
        pytest.param({"X-Remote-Group": "system:masters"}, id="a group alone"),
        pytest.param({"Impersonate-User": "admin", "X-Forwarded-User": "admin"}, id="headers of other proxies"),
    ],
)
async def test_a_request_without_a_user_is_nobodys(listener: Listener, headers: dict[str, str]) -> None:
    assert await listener.ask(listener.front.issue(ALLOWED), headers) == 401


async def test_a_name_that_is_not_utf_8_is_nobodys(listener: Listener) -> None:
    context = ssl.create_default_context(cadata=listener.own.pem.decode())
    context.load_cert_chain(*listener.front.issue(ALLOWED).write(listener.folder, "client"))
    port = int(listener.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Remote-User: ren\xe9\r\n\r\n")
    assert b" 401 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_before_the_config_map_is_read_nobody_is_authenticated(listener: Listener) -> None:
    listener.front_proxy = FrontProxy()
    assert await listener.ask(listener.front.issue(ALLOWED), ADMIN) == 401


async def test_any_name_counts_where_the_cluster_lists_none(listener: Listener) -> None:
    listener.front_proxy.configure(published(listener.front, allowed_names="[]"))
    assert await listener.ask(listener.front.issue("whoever"), ADMIN) == 200


async def test_the_headers_are_those_that_the_cluster_names(listener: Listener) -> None:
    listener.front_proxy.configure(published(listener.front, username_headers='["X-Cluster-User", "X-Remote-User"]'))
    certificate = listener.front.issue(ALLOWED)
    assert await listener.ask(certificate, {"X-Remote-User": "second", "X-Cluster-User": "first"}) == 200
    assert await listener.ask(certificate, {"X-Remote-User": "second"}) == 200
    assert [caller.user for caller in listener.callers if caller] == ["first", "second"]


async def test_a_new_ca_of_the_front_proxy_counts_at_once_beside_the_old_one(listener: Listener) -> None:
    second = Authority("front proxy 2")
    old, new = listener.front.issue(ALLOWED), second.issue(ALLOWED)
    listener.front_proxy.configure(published(listener.front, second))
    assert [await listener.ask(certificate, ADMIN) for certificate in (old, new)] == [200, 200]


async def test_connections_outlive_a_change_of_cas_unless_theirs_is_withdrawn(listener: Listener) -> None:
    second = Authority("front proxy 2")

    async def status(session: aiohttp.ClientSession) -> int:
        async with session.get("/", headers=ADMIN) as answer:
            return answer.status

    listener.front_proxy.configure(published(listener.front, second))
    async with listener.session(listener.front.issue(ALLOWED)) as old:
        assert await status(old) == 200
        async with listener.session(second.issue(ALLOWED)) as new:
            assert await status(new) == 200
            listener.front_proxy.configure(published(second))
            assert await status(new) == 200
            assert await status(old) == 401
    with pytest.raises(REFUSED):
        await listener.ask(listener.front.issue(ALLOWED), ADMIN)


async def test_an_unusable_config_map_changes_nothing_and_is_logged(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        listener.front_proxy.configure({})
    assert "the rules before stay in force" in caplog.text
    assert await listener.ask(listener.front.issue(ALLOWED), ADMIN) == 200


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"client_ca_file": None}, "--requestheader-client-ca-file", id="no CA"),
        pytest.param({"client_ca_file": "-----BEGIN"}, "no readable certificate", id="a broken CA"),
        pytest.param({"allowed_names": "jane"}, "requestheader-allowed-names is not a JSON list", id="no JSON"),
        pytest.param({"group_headers": "[1]"}, "group-headers is not a JSON list of strings", id="numbers"),
        pytest.param({"extra_headers_prefix": "{}"}, "extra-headers-prefix is not a JSON list", id="an object"),
    ],
)  # fmt: skip
def test_unusable_data_are_refused_by_the_name_of_their_key(changes: dict[str, str | None], problem: str) -> None:
    with pytest.raises(InvalidValue, match=problem):
        read_rules(published(Authority(), **changes))


def test_a_ca_that_signs_users_too_needs_allowed_names() -> None:
    shared, other = Authority("shared"), Authority("users")
    open_ = published(shared, allowed_names="[]")
    with pytest.raises(InvalidValue, match="every user could name any other"):
        read_rules(open_ | {"client-ca-file": (other.pem + shared.pem).decode()})
    assert read_rules(open_ | {"client-ca-file": other.pem.decode()}).allowed_names == frozenset()
    named = published(shared) | {"client-ca-file": shared.pem.decode()}
    assert read_rules(named).allowed_names == {ALLOWED}


def test_a_cluster_before_1_32_has_no_headers_for_the_uid() -> None:
    assert read_rules(published(Authority(), uid_headers=None)).uid_headers == ()
    assert json.loads(published(Authority())["requestheader-uid-headers"]) == ["X-Remote-Uid"]
