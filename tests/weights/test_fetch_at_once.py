"""Two fetches of one file at the same time: one downloads, the other waits and takes what it finds."""

from pathlib import Path
from threading import Event, Thread

import pytest

from app.engine.backbone.spec import BackboneSpec
from app.errors import WeightsUnavailable
from app.weights.fetch import fetch
from app.weights.files import Step
from tests.weights.file_server import FileServer


def test_two_fetches_at_once_download_once(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    server.hold, begun, waiting = Event(), Event(), Event()
    seen = {"downloading": begun, "waiting": waiting, "verifying": Event()}

    def fetch_here() -> None:
        fetch(spec, weights_dir, lambda step, *_: seen[step].set(), base_address=server.address)

    first, second = Thread(target=fetch_here), Thread(target=fetch_here)
    first.start()
    assert begun.wait(10)
    second.start()
    assert waiting.wait(10)
    server.hold.set()
    first.join(10)
    second.join(10)
    assert (weights_dir / spec.file).read_bytes() == content
    assert [path.name for path in weights_dir.iterdir()] == [spec.file]
    assert len(server.requests) == 1


def test_a_waiting_fetch_continues_where_the_first_one_failed(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    server.hold, server.cut_after_bytes, begun = Event(), 200_000, Event()

    def fail() -> None:
        with pytest.raises(WeightsUnavailable, match="broke off"):
            fetch(spec, weights_dir, lambda *_: begun.set(), base_address=server.address)

    def release(step: Step, *_: int | None) -> None:
        if step == "waiting" and server.hold is not None:
            server.hold.set()
            server.cut_after_bytes = None

    first = Thread(target=fail)
    first.start()
    assert begun.wait(10)
    assert fetch(spec, weights_dir, release, base_address=server.address).read_bytes() == content
    first.join(10)
    assert [asked for _, asked in server.requests] == [None, "bytes=200000-"]


def test_a_waiting_fetch_starts_anew_where_the_first_one_got_a_wrong_file(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    right, server.content = content, b"?" * len(content)
    server.hold, begun = Event(), Event()

    def fail() -> None:
        with pytest.raises(WeightsUnavailable, match="It was removed"):
            fetch(spec, weights_dir, lambda *_: begun.set(), base_address=server.address)

    def release(step: Step, *_: int | None) -> None:
        if step == "waiting" and server.hold is not None:
            server.content = right
            server.hold.set()

    first = Thread(target=fail)
    first.start()
    assert begun.wait(10)
    assert fetch(spec, weights_dir, release, base_address=server.address).read_bytes() == content
    first.join(10)
    assert [asked for _, asked in server.requests] == [None, None]
