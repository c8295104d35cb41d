"""Signatures by the specification of Standard Webhooks, and the forms of a signing secret."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.notifications.signing import signed_headers, signing_keys

KEY = b"0123456789abcdef01234567"
SECRET = f"whsec_{b64encode(KEY).decode()}"
AT = datetime(2021, 2, 25, 7, 34, 22, 900_000, tzinfo=UTC)


def test_a_known_message_has_its_known_signature() -> None:
    """The signature is by `openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY -binary | base64`."""
    headers = dict(signed_headers("msg_1", AT, b'{"a":1}', signing_keys(SECRET)))
    assert headers == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1614238462",
        "webhook-signature": "v1,HsFQjxCaoG1OX/NQT/NGsOaSIZ4L+4C1iNJackY+duc=",
    }


def test_two_keys_give_two_signatures() -> None:
    other = f"whsec_{b64encode(b'x' * 24).decode()}"
    both = dict(signed_headers("msg_1", AT, b"{}", signing_keys(f"{SECRET}\n{other}\n")))["webhook-signature"]
    one, two = (dict(signed_headers("msg_1", AT, b"{}", [key]))["webhook-signature"] for key in (KEY, b"x" * 24))
    assert both == f"{one} {two}"


@pytest.mark.parametrize(("text", "keys"), [(SECRET, [KEY]), (f" {SECRET}\n", [KEY]), ("plain text", [b"plain text"])])
def test_a_secret_is_base64_after_its_prefix_or_plain_text(text: str, keys: list[bytes]) -> None:
    assert signing_keys(text) == keys


@pytest.mark.parametrize("text", ["", " \n", "whsec_", "whsec_%%%hidden", "whsec_%%hiddenAA"])
def test_a_secret_that_holds_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        signing_keys(text)
    assert "hidden" not in str(refused.value)
