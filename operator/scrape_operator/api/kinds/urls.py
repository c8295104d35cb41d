"""The rules of a member that is a URL.

They belong to the object that holds the member. The API server repeats the value of a text that breaks a rule of its
own, and a URL may hold a password.
"""

import re

from scrape_operator.api.rules import Rule

_HTTP = "^[hH][tT][tT][pP][sS]?://[^/?#]"
_USER_INFORMATION = r"^[^/?#]*//[^/?#]*@"
_CONTROL_CHARACTERS = r"[\x00-\x1f\x7f]|^[^/?#]*//[^/?#]*\\"


def url_rules(name: str, attribute: str, remedy: str) -> tuple[Rule, ...]:
    """Return the rules of a URL.

    Args:
        name: The name of the member in the API.
        attribute: The name of the model's attribute.
        remedy: Where a user name and password belong instead.

    """
    return (
        Rule(
            f"self.{name}.matches(r'{_HTTP}')",
            lambda holder: re.search(_HTTP, getattr(holder, attribute)),
            "must begin with http:// or https:// and name a host",
            path=name,
        ),
        Rule(
            f"!self.{name}.matches(r'{_USER_INFORMATION}')",
            lambda holder: not re.search(_USER_INFORMATION, getattr(holder, attribute)),
            f"must not hold a user name or password: {remedy}",
            path=name,
        ),
        Rule(
            f"!self.{name}.matches(r'{_CONTROL_CHARACTERS}')",
            lambda holder: not re.search(_CONTROL_CHARACTERS, getattr(holder, attribute)),
            "must not hold control characters, nor a backslash in the host: write them percent-encoded",
            path=name,
        ),
    )
