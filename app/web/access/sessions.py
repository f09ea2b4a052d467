"""Sessions of the console: a signed cookie, so that they outlive a restart and hold on every replica.

A session names the key that it was opened with and is signed with that key's digest: it ends with the key, and nothing
is stored. Its number keeps those apart that were opened with the same key.
"""

import base64
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from app.keys.api_key import digest
from app.keys.caller import ANYONE, Caller
from app.keys.key_ring import KeyRing

NUMBER_BYTES = 16


@dataclass(frozen=True, slots=True)
class Session:
    """`cookie` is what the browser shows; `csrf` what its forms have to hold."""

    caller: Caller
    cookie: str
    csrf: str


class Sessions:
    """Opens and knows sessions. While the service asks for no key, everybody has one."""

    def __init__(self, keys: KeyRing, idle_s: float, clock: Callable[[], float] = time.time) -> None:
        self._keys, self._idle_s, self._clock = keys, idle_s, clock
        self._of_anyone = secrets.token_bytes(32)
        self._ended: dict[str, float] = {}

    @property
    def is_open(self) -> bool:
        """Whether everybody may do everything: the service asks for no key."""
        return not self._keys.enforced

    def opened(self, key: str) -> Session | None:
        """With an API key; None where it is not known."""
        caller = self._keys.caller(key)
        return None if caller is None else self._signed(caller, secrets.token_hex(NUMBER_BYTES), digest(key))

    def known(self, cookie: str | None) -> Session | None:
        """That of a cookie, as long as nobody was idle for too long, going on from now; None where somebody has to log
        in."""
        found = self._read(cookie) if cookie else None
        if found is None and not self._keys.enforced:
            return self._signed(ANYONE, secrets.token_hex(NUMBER_BYTES), self._of_anyone)
        return found

    def end(self, session: Session) -> None:
        """Log out: its cookie, and those that it had before, are no longer known to this process."""
        now = self._clock()
        self._ended = {number: until for number, until in self._ended.items() if until > now}
        self._ended[_parts(session.cookie)[1]] = now + self._idle_s

    def _read(self, cookie: str) -> Session | None:
        try:
            label, number, expires, _ = _parts(cookie)
            known = self._key_of(label)
            if known is None or float(expires) < self._clock() or number in self._ended:
                return None
        except ValueError:
            return None
        caller, secret = known
        is_ours = hmac.compare_digest(_cookie(label, number, expires, secret), cookie)
        return self._signed(caller, number, secret) if is_ours else None

    def _key_of(self, label: str) -> tuple[Caller, bytes] | None:
        if self._keys.enforced:
            return self._keys.labelled(label)
        return (ANYONE, self._of_anyone) if label == ANYONE.label else None

    def _signed(self, caller: Caller, number: str, secret: bytes) -> Session:
        cookie = _cookie(caller.label, number, str(int(self._clock() + self._idle_s)), secret)
        return Session(caller, cookie, _signature(secret, f"csrf {number}"))


def _cookie(label: str, number: str, expires: str, secret: bytes) -> str:
    name = base64.urlsafe_b64encode(label.encode()).decode().rstrip("=")
    return f"{name}.{number}.{expires}.{_signature(secret, f'session {label} {number} {expires}')}"


def _parts(cookie: str) -> tuple[str, str, str, str]:
    """ValueError for what is no cookie of ours."""
    name, number, expires, signature = cookie.split(".")
    padded = name + "=" * (-len(name) % 4)
    return base64.urlsafe_b64decode(padded).decode(), number, expires, signature


def _signature(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), sha256).hexdigest()
