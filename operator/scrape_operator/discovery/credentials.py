"""Writes the headers of `init --header` into a schedule: what may be a credential as a reference to a Secret."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scrape_operator.core.net.headers import HARMLESS_HEADERS

Header = tuple[str, str]
"""The name and the value of a header."""

_NOT_IN_KEYS = re.compile(r"[^-._a-z0-9]")


@dataclass(slots=True)
class HeaderLines:
    """The lines of a manifest for some headers, and the keys of the Secret that they refer to.

    Only a header that is known to hold no secret is written with its value. `secret` is the name of the Secret.
    """

    secret: str
    headers: Sequence[Header]
    auth: str | None = field(init=False, default=None)
    """The value of `http.auth`, or None."""
    written: list[str] = field(init=False, default_factory=list)
    """The members of `http.headers`."""
    keys: list[str] = field(init=False, default_factory=list)
    names: list[str] = field(init=False, default_factory=list)
    """The headers whose values are in the Secret."""

    def __post_init__(self) -> None:
        for name, value in self.headers:
            if name.lower() in HARMLESS_HEADERS:
                self.written.append(f"{{name: {_quoted(name)}, value: {_quoted(value)}}}")
            else:
                self.names.append(name)
                self._add_reference(name, value)

    def comments(self) -> Iterator[str]:
        """Yield how to make the Secret, without its values; nothing if no header needs it."""
        if not self.keys:
            return
        literals = " ".join(f"--from-literal={key}=VALUE" for key in self.keys)
        data = ", ".join(f'{_quoted(key)}: "VALUE"' for key in self.keys)
        yield f"# A Secret must hold the value of {', '.join(self.names)}. In a cluster:"
        yield f"#   kubectl create secret generic {self.secret} {literals}"
        yield "# For test and local: write it to another file, and name both files."
        yield f"#   {{apiVersion: v1, kind: Secret, metadata: {{name: {self.secret}}}, stringData: {{{data}}}}}"

    def http(self, url: str) -> Iterator[str]:
        """Yield the lines of `http`, indented as in a target."""
        if not self.headers:
            yield f"    http: {{url: {_quoted(url)}}}"
            return
        yield "    http:"
        yield f"      url: {_quoted(url)}"
        if self.auth is not None:
            yield f"      auth: {self.auth}"
        if self.written:
            yield "      headers:"
            yield from (f"      - {member}" for member in self.written)

    def _add_reference(self, name: str, value: str) -> None:
        scheme = value.partition(" ")[0].lower() if name.lower() == "authorization" else ""
        if scheme == "bearer":
            self.auth = f"{{bearer: {self._reference('token')}}}"
        elif scheme == "basic":
            self.auth = f"{{basic: {{secretRef: {{name: {self.secret}}}}}}}"
            self.keys += ["username", "password"]
        else:
            self.written.append(f"{{name: {_quoted(name)}, valueFrom: {self._reference(name)}}}")

    def _reference(self, key: str) -> str:
        """Return a reference to a new key of the Secret."""
        named = _NOT_IN_KEYS.sub("-", key.lower())
        unique = named if named not in self.keys else f"{named}-{len(self.keys)}"
        self.keys.append(unique)
        return f"{{secretKeyRef: {{name: {self.secret}, key: {_quoted(unique)}}}}}"


def _quoted(text: str) -> str:
    """Return a text as a YAML double-quoted scalar; JSON's form is one."""
    return json.dumps(text)
