from base64 import b64encode

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.local.secrets import FileSecrets, secrets_of


def secret(name="shop", **content):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **content}


async def test_data_is_decoded_and_string_data_counts_before_it():
    data = {"a": b64encode(b"one").decode(), "b": f"{b64encode(b'two').decode()}\n"}
    secrets = FileSecrets(secrets_of([secret(data=data, stringData={"b": "three"})]))
    assert await secrets.read("default", "shop") == {"a": b"one", "b": b"three"}


async def test_a_secret_belongs_to_its_namespace():
    secrets = FileSecrets(secrets_of([secret() | {"metadata": {"name": "shop", "namespace": "other"}}]))
    assert await secrets.read("other", "shop") == {}
    with pytest.raises(ScrapeFailed, match="Secret default/shop is in none of the files") as failed:
        await secrets.read("default", "shop")
    assert failed.value.reason is Reason.SECRET_NOT_FOUND


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"data": {"token": "hunter2!"}}, "data.token is not base64"),
        ({"data": {"token": 12345678}}, "data.token is no text"),
        ({"stringData": {"token": 12345678}}, "stringData.token is no text"),
        ({"stringData": ["hunter2!"]}, "stringData is no map"),
    ],
)
async def test_what_cannot_be_read_is_named_and_not_repeated(content, message):
    with pytest.raises(ScrapeFailed, match=f"Secret default/shop: {message}") as failed:
        await FileSecrets(secrets_of([secret(**content)])).read("default", "shop")
    assert "hunter2" not in failed.value.message
    assert "12345678" not in failed.value.message


def test_other_objects_are_no_secrets():
    assert secrets_of([secret() | {"kind": "ConfigMap"}, secret() | {"apiVersion": "v2"}]) == {}
