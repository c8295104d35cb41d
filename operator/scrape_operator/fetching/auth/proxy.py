"""The proxy of a target, with the credentials for it."""

from base64 import b64encode
from urllib.parse import unquote

from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.net.urls import parse_http_url, split_user_info
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.auth.secrets import SecretValues
from scrape_operator.fetching.route import Proxy


def proxy_of(secret: str, secrets: SecretValues) -> Proxy:
    """Return the proxy that a Secret names: http:// or https://, with user:password@ if it wants them.

    Raises:
        ScrapeFailed: InvalidSpec; it is not an address.

    """
    address, credentials = split_user_info(secrets.text(secret, "url"))
    try:
        url = parse_http_url(address)
    except InvalidValue as error:
        message = f"key url of Secret {secret} is not the address of a proxy: write http://user:password@host:port"
        raise ScrapeFailed(Reason.INVALID_SPEC, message) from error
    if credentials is None:
        return Proxy(url.origin())
    pair = unquote(credentials)
    secrets.mask.add(pair.partition(":")[2])
    secrets.mask.add(pair)
    return Proxy(url.origin(), f"Basic {b64encode(pair.encode()).decode()}")
