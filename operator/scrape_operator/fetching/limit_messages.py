"""Messages about the limits of a request. Fields of the spec are named for requests of targets alone."""

from scrape_operator.core.net.documents import Purpose, Request

_OWN_TIME = {Purpose.ROBOTS: "robots.txt", Purpose.OAUTH2: "a token"}


def has_own_deadline(request: Request) -> bool:
    """Return whether the deadline is that of the request: one run's end leaves it to the others that wait for it."""
    return request.purpose in _OWN_TIME


def too_slow(request: Request) -> str:
    """Return the message about an answer that was not complete in the time of its request."""
    message = f"did not answer in full within {request.timeout:g} s"
    if request.purpose in _OWN_TIME:
        return f"{message}, which is the time for {_OWN_TIME[request.purpose]}"
    return f"{message} (http.timeout)" if _is_of_target(request) else message


def too_many_redirects(request: Request) -> str:
    """Return the message about one more redirect than a request follows."""
    if request.purpose is Purpose.OAUTH2:
        return "redirects, which is not followed for a token: write its final address into http.auth.oauth2.tokenURL"
    message = f"redirects more than {request.max_redirects} times"
    return f"{message}: raise http.maxRedirects to follow further" if _is_of_target(request) else message


def too_large(request: Request) -> str:
    """Return the message about a body that exceeds the limit of its request."""
    message = f"sent a body of more than {request.max_body_bytes} bytes"
    return f"{message}: raise http.maxBodyBytes to read it" if _is_of_target(request) else message


def _is_of_target(request: Request) -> bool:
    return request.purpose is Purpose.TARGET
