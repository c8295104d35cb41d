import pytest

from scrape_operator.core.net.policy import FetchPolicy

SHOP = frozenset({"*.shop.example"})


@pytest.mark.parametrize(
    ("allow", "deny", "authority", "allowed"),
    [
        ((), (), "shop.example", True),
        ((SHOP,), (), "www.shop.example", True),
        ((SHOP,), (), "www.shop.example:8080", True),
        ((SHOP,), (), "shop.example", False),
        ((SHOP,), (), "other.example", False),
        ((SHOP, frozenset({"*"})), (), "www.shop.example", True),
        ((SHOP, frozenset({"*.other.example"})), (), "www.shop.example", False),
        ((SHOP,), {"www.shop.example"}, "www.shop.example", False),
        ((SHOP,), {"www.shop.example"}, "api.shop.example", True),
        ((), {"*"}, "shop.example", False),
        ((), {"[::1]"}, "[::1]:8080", False),
    ],
)
def test_a_host_must_match_every_list_and_no_denied_one(allow, deny, authority, allowed):
    policy = FetchPolicy(allow_hosts=allow, deny_hosts=frozenset(deny))
    assert policy.allows_host(authority) is allowed


def test_robots_txt_is_obeyed_where_no_policy_says_otherwise():
    assert FetchPolicy().obey_robots
