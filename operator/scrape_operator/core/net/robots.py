"""robots.txt (RFC 9309): which addresses a robot may request, which line says so, and at which pace."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

MAX_BYTES = 500 * 1024
"""What is read of a robots.txt (RFC 9309 section 2.5); the rest is ignored, and so is a line that it begins in."""

MAX_CRAWL_DELAY_SECONDS = 60.0

MANY_RULES = 500
"""More rules take more than a millisecond to compare with one path."""

_TOKEN = re.compile(r"[A-Za-z_-]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_SAFE = "/?&=+,;:@!$'()*%[]~"
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Rule:
    """One Allow or Disallow line; `number` counts lines from 1."""

    allows: bool
    pattern: str
    number: int

    def __str__(self) -> str:
        return f"line {self.number}: {'Allow' if self.allows else 'Disallow'}: {self.pattern[:_SHOWN]}"

    def matches(self, path: str) -> bool:
        """Return whether the pattern matches a path with query: `*` is any text, `$` at its end is the end."""
        is_anchored = self.pattern.endswith("$")
        head, *rest = self.pattern.removesuffix("$").split("*")
        if not path.startswith(head):
            return False
        if not rest:
            return not is_anchored or path == head
        position = len(head)
        for part in rest[:-1]:
            found = path.find(part, position)
            if found < 0:
                return False
            position = found + len(part)
        if is_anchored:
            return len(path) - len(rest[-1]) >= position and path.endswith(rest[-1])
        return path.find(rest[-1], position) >= 0


class RobotsRules:
    """The rules of one robots.txt for one robot. `has_many` says that `decisive_rule` is work for a thread."""

    def __init__(self, rules: tuple[Rule, ...] = (), crawl_delay: float = 0.0) -> None:
        self._rules = sorted(rules, key=lambda rule: (-len(rule.pattern), not rule.allows))
        self.crawl_delay = crawl_delay
        self.has_many = len(rules) > MANY_RULES
        self.decisive_rule = lru_cache(64)(self._decisive_rule)

    def _decisive_rule(self, path: str) -> Rule | None:
        """Return the rule for a percent-encoded path with query: the longest, Allow before Disallow; None without."""
        if path == "/robots.txt":
            return None
        normal = _normalized(path)
        return next((rule for rule in self._rules if rule.matches(normal)), None)


def parse_robots(content: bytes, user_agent: str) -> RobotsRules:
    """Read the rules for the robot whose User-Agent header begins with its product token.

    The groups that name the token count together; where none does, those for `*`.
    """
    text = _first_lines(content).decode("utf-8", "replace").removeprefix("\ufeff")
    token = _product_token(user_agent)
    for wanted in (token, "*"):
        lines = tuple(_lines_of_groups(text, wanted))
        if lines:
            rules = (_rule(key, value, number) for key, value, number in lines)
            return RobotsRules(tuple(rule for rule in rules if rule), _crawl_delay(lines))
    return RobotsRules()


def _first_lines(content: bytes) -> bytes:
    """Return the lines that end within MAX_BYTES. A part of a rule may mean more than the rule: `/` is any path."""
    if len(content) <= MAX_BYTES:
        return content
    head = content[: MAX_BYTES + 1]  # with the line end behind a line that just fits
    return head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1]


def _product_token(text: str) -> str:
    match = _TOKEN.match(text)
    return match[0].lower() if match else "*"


def _directives(text: str) -> Iterator[tuple[str, str, int]]:
    for number, line in enumerate(_LINE_END.split(text), start=1):
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield key.strip().lower(), value.strip(), number


def _lines_of_groups(text: str, token: str) -> Iterator[tuple[str, str, int]]:
    """Yield the directives of all groups that name a token, the User-agent lines with them."""
    applies = is_naming = False
    for key, value, number in _directives(text):
        if key == "user-agent":
            named = "*" if value == "*" else _product_token(value)
            applies = named == token or (applies and is_naming)
            is_naming = True
        elif key in {"allow", "disallow", "crawl-delay"}:
            is_naming = False
        if applies:
            yield key, value, number


def _rule(key: str, value: str, number: int) -> Rule | None:
    if key not in {"allow", "disallow"} or not value:
        return None
    return Rule(key == "allow", _normalized(value), number)


def _crawl_delay(lines: tuple[tuple[str, str, int], ...]) -> float:
    delays = [
        float(value) for key, value, _ in lines if key == "crawl-delay" and re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value)
    ]
    return min(max(delays, default=0.0), MAX_CRAWL_DELAY_SECONDS)


def _normalized(path: str) -> str:
    """Return a path in the one form that is compared: unreserved characters plain, all others in capital escapes."""
    return _ESCAPE.sub(_normal_escape, quote(path, safe=_PATH_SAFE))


def _normal_escape(match: re.Match[str]) -> str:
    octet = unquote_to_bytes(match[0])
    return octet.decode("ascii") if octet[0] in _UNRESERVED else match[0].upper()
