"""Says which credentials a refused request had, by the names of Secrets and headers. Called by `exchange`."""

from collections.abc import Iterator

from scrape_operator.core.net.access import Access
from scrape_operator.fetching.redirects import Headers, Hop, has_credentials


def credentials_note(access: Access, hop: Hop) -> str:
    """Return the end of a message about a request that was answered 401 or 403. It holds names, never values."""
    if not hop.is_trusted:
        return "no credentials were sent, since a redirect led to another site: use its address in http.url"
    sent = list(_sent(access, hop.headers))
    if not sent:
        return "no credentials were sent: if the site asks for some, add http.auth or http.headers"
    return f"credentials were sent ({', '.join(sent)}): check their values"


def _sent(access: Access, headers: Headers) -> Iterator[str]:
    """Yield the headers and the keys of Secrets that credentials came from."""
    if access.auth is not None:
        for key in access.auth.secret_keys():
            yield f"key {key.key} of Secret {key.secret}"
    for name, key in access.headers:
        yield f"header {name} from key {key.key} of Secret {key.secret}"
    if access.tls is not None and access.tls.certificate_secret is not None:
        yield f"the certificate of Secret {access.tls.certificate_secret}"
    own = {name.lower() for name, _key in access.headers}
    yield from (f"header {name}" for name, _ in headers if name.lower() not in own and has_credentials(((name, ""),)))
