"""The headers of a request as they are sent: checked, and completed."""

import re
from collections.abc import Sequence

from scrape_operator.core.net.documents import Validators
from scrape_operator.core.net.headers import refusal_of
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.body.decoding import ACCEPTED
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.redirects import Headers

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")  # a token (RFC 9110 section 5.6.2)
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")  # RFC 9110 section 5.5
_MAX_VALUE = 8192


def complete(headers: Sequence[tuple[str, str]], user_agent: str) -> Headers:
    """Check the headers of a spec, and add User-Agent, Accept and Accept-Encoding if they are not set.

    Raises:
        HopFailed: InvalidSpec; the message names the header, never its value.

    """
    names = set()
    for name, value in headers:
        check_header(name, value)
        names.add(name.lower())
    defaults = (("User-Agent", user_agent), ("Accept", "*/*"), ("Accept-Encoding", ACCEPTED))
    return (*headers, *(pair for pair in defaults if pair[0].lower() not in names))


def conditions(validators: Validators) -> Headers:
    """Return the headers that make a request conditional (RFC 9110 section 13.1).

    A server may issue a validator that it would not accept: that one is not sent.
    """
    pairs = (("If-None-Match", validators.etag), ("If-Modified-Since", validators.last_modified))
    return tuple(pair for pair in pairs if pair[1] and _UNFIT.search(pair[1]) is None)


def check_header(name: str, value: str) -> None:
    """Check name and value of one header.

    Raises:
        HopFailed: InvalidSpec; the message names the header, never its value.

    """
    problem = None
    if _NAME.fullmatch(name) is None:
        problem = "does not have the name of a header: use letters, digits and hyphens, at most 256"
    elif refusal := refusal_of(name):
        problem = refusal
    elif len(value) > _MAX_VALUE:
        problem = f"has a value of more than {_MAX_VALUE} characters"
    elif _UNFIT.search(value):
        problem = "has a value with a line break or another character that headers cannot hold"
    if problem is not None:
        raise HopFailed(Reason.INVALID_SPEC, f"cannot be requested: header {name[:64]!r} {problem}", sent=False)
