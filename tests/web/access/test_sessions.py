from pathlib import Path

import pytest

from app.keys.api_key import Scope
from app.keys.caller import ANYONE
from app.keys.key_file import KeyFile
from app.keys.key_ring import KeyRing
from app.web.access.sessions import Session, Sessions

IDLE_S = 600.0


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def key(file: KeyFile) -> str:
    return file.create("line 1", [Scope.INSPECT], ["flange"])


@pytest.fixture
def sessions(file: KeyFile, key: str, clock: Clock) -> Sessions:
    assert key
    return Sessions(KeyRing((), file), IDLE_S, clock)


def opened(sessions: Sessions, key: str) -> Session:
    session = sessions.opened(key)
    assert session is not None
    return session


def test_a_key_opens_a_session_of_its_caller(sessions: Sessions, key: str) -> None:
    session = opened(sessions, key)
    assert session.caller.products == frozenset({"flange"})
    again = sessions.known(session.cookie)
    assert again is not None
    assert (again.caller, again.csrf) == (session.caller, session.csrf)


def test_the_key_is_not_in_the_cookie(sessions: Sessions, key: str) -> None:
    secret = key.rpartition("_")[2]
    assert secret not in opened(sessions, key).cookie


def test_an_unknown_key_opens_none(sessions: Sessions) -> None:
    assert sessions.opened("insp_00000000_" + "x" * 43) is None


@pytest.mark.parametrize("cookie", [None, "", "a.b.c", "....", "bGluZQ==.1.9999999999.x", "\xff.1.2.3"])
def test_what_is_no_cookie_of_ours_is_nobodys(sessions: Sessions, cookie: str | None) -> None:
    assert sessions.known(cookie) is None


@pytest.mark.parametrize("part", range(4))
def test_a_cookie_that_was_changed_is_nobodys(sessions: Sessions, key: str, part: int) -> None:
    parts = opened(sessions, key).cookie.split(".")
    parts[part] = {0: "YWRtaW5fa2V5LzE=", 1: "0" * 32, 2: "99999999999", 3: "0" * 64}[part]
    assert sessions.known(".".join(parts)) is None


def test_a_session_goes_on_as_long_as_it_is_used(sessions: Sessions, key: str, clock: Clock) -> None:
    session: Session | None = opened(sessions, key)
    for _ in range(3):
        clock.now += IDLE_S - 1
        assert session is not None
        session = sessions.known(session.cookie)
    assert session is not None
    clock.now += IDLE_S + 1
    assert sessions.known(session.cookie) is None


def test_a_session_ends_with_its_key(file: KeyFile, key: str, clock: Clock) -> None:
    ring = KeyRing((), file)
    sessions = Sessions(ring, IDLE_S, clock)
    session = opened(sessions, key)
    file.create("another", [Scope.ADMIN], None)
    file.revoke(session.caller.label.rpartition("/")[2])
    ring.refresh()
    assert sessions.known(session.cookie) is None


def test_a_session_outlives_the_process(file: KeyFile, sessions: Sessions, key: str, clock: Clock) -> None:
    session = opened(sessions, key)
    after = Sessions(KeyRing((), file), IDLE_S, clock).known(session.cookie)
    assert after is not None
    assert after.csrf == session.csrf


def test_who_logs_out_is_out_and_others_with_the_same_key_are_not(sessions: Sessions, key: str) -> None:
    first, second = opened(sessions, key), opened(sessions, key)
    sessions.end(first)
    assert sessions.known(first.cookie) is None
    assert sessions.known(second.cookie) is not None
    assert first.csrf != second.csrf


def test_everybody_has_a_session_while_no_key_is_asked_for(tmp_path: Path, clock: Clock) -> None:
    sessions = Sessions(KeyRing((), KeyFile(tmp_path / "none.json")), IDLE_S, clock)
    session = sessions.known(None)
    assert session is not None
    assert session.caller == ANYONE
    again = sessions.known(session.cookie)
    assert again is not None
    assert again.csrf == session.csrf


def test_a_session_of_anyone_is_nobodys_once_a_key_is_asked_for(tmp_path: Path, clock: Clock) -> None:
    file = KeyFile(tmp_path / "keys.json")
    ring = KeyRing((), file)
    sessions = Sessions(ring, IDLE_S, clock)
    session = sessions.known(None)
    assert session is not None
    file.create("first", [Scope.ADMIN], None)
    ring.refresh()
    assert sessions.known(session.cookie) is None
