from scrape_operator.core.net.access import (
    Access,
    ApiKeyAuth,
    ApiKeyPlace,
    BasicAuth,
    BearerAuth,
    OAuth2Auth,
    SecretKey,
    TLSOptions,
)


def keys(access):
    return [(one.secret, one.key) for one in access.secret_keys()]


def test_every_key_that_is_read_is_named_in_order():
    access = Access(
        headers=(("X-Token", SecretKey("shop", "token")),),
        auth=BasicAuth("login"),
        tls=TLSOptions("ca", "mtls"),
        proxy_secret="proxy",
    )
    assert keys(access) == [
        ("shop", "token"),
        ("login", "username"),
        ("login", "password"),
        ("ca", "ca.crt"),
        ("mtls", "tls.crt"),
        ("mtls", "tls.key"),
        ("proxy", "url"),
    ]


def test_each_kind_of_auth_names_its_keys():
    assert keys(Access(auth=BearerAuth(SecretKey("a", "b")))) == [("a", "b")]
    assert keys(Access(auth=ApiKeyAuth(ApiKeyPlace.QUERY, "key", SecretKey("c", "d")))) == [("c", "d")]
    oauth2 = OAuth2Auth("https://auth.example/token", "client")
    assert keys(Access(auth=oauth2)) == [("client", "client_id"), ("client", "client_secret")]


def test_nothing_is_read_where_nothing_is_asked_for():
    assert keys(Access(tls=TLSOptions(server_name="api.example"))) == []
