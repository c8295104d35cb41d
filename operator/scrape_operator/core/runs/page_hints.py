"""Recognizes pages that stand in for the wanted one: a login form, a consent dialog, a challenge, an error page.

A hint is an explanation of a page without items, never a reason by itself.
"""

import re

EXAMINED_BYTES = 262_144
MAX_TITLE_LENGTH = 80

_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,500})", re.IGNORECASE)
_PASSWORD = re.compile(r"<input[^>]{0,500}type\s{0,5}=\s{0,5}[\"']?password", re.IGNORECASE)
_CHALLENGES = r"captcha|are you (a )?human|just a moment|attention required|access denied|bot check"
_LOGINS = r"\b(log ?in|sign ?in|anmelden|einloggen|connexion|iniciar sesi[oó]n|accedi)\b"
_ERRORS = r"\b(404|500|502|503|not found|error|unavailable|maintenance|wartung)\b"
_CONSENTS = r"\b(cookies?|consent|gdpr|datenschutz|before you continue)\b"
_LOOKS = tuple(
    (what, re.compile(words, re.IGNORECASE))
    for what, words in (
        ("a login page", _LOGINS),
        ("a consent dialog", _CONSENTS),
        ("a bot check", _CHALLENGES),
        ("an error page", _ERRORS),
    )
)


def page_hint(body: bytes) -> str:
    """Return a sentence on what an HTML page looks like by its title and forms, or an empty text."""
    text = body[:EXAMINED_BYTES].decode("utf-8", "replace")
    found = _TITLE.search(text)
    title = " ".join(found[1].split())[:MAX_TITLE_LENGTH] if found else ""
    looks = next((what for what, words in _LOOKS if words.search(title)), "")
    if not looks and _PASSWORD.search(text):
        looks = "a login page"
    if not looks:
        return f"The page is titled {title!r}" if title else ""
    return f"The page looks like {looks}, titled {title!r}" if title else f"The page looks like {looks}"
