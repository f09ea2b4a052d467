"""The order of the system calls of one registration, which decides what a power cut can take."""

import re
from pathlib import Path

from app.storage.disk import DiskCatalog
from tests.faults.strace import needs_strace
from tests.storage.samples import product
from tests.storage.store_at import StoreAt
from tests.storage.writer import start_writer

_CALL = re.compile(r"(?P<call>write|fsync|rename)(?:at2?)?\((?P<arguments>.*)\) = \d+")
_DESCRIPTOR = re.compile(r"(?P<number>\d+)<(?P<path>[^>]*)>")
_QUOTED = re.compile(r'"([^"]*)"')

_ANSWER = "answer"

Step = tuple[str, str]


def _steps(trace: str, product_folder: Path) -> list[Step]:
    """(call, place) of the successful calls in the folder and of the answers on standard output, in their order.

    A place is a path inside the folder (of a rename: the target), with `*` for digests and random names.
    """
    steps = [(call["call"], _path(call["arguments"])) for call in _CALL.finditer(trace)]
    inside = [(call, path) for call, path in steps if path == _ANSWER or path.startswith(str(product_folder))]
    return [
        (call, re.sub(r"[0-9a-f]{32,}", "*", path.removeprefix(f"{product_folder}").lstrip("/")))
        for call, path in inside
    ]


def _path(arguments: str) -> str:
    descriptor = _DESCRIPTOR.match(arguments)
    if descriptor is None:
        return str(_QUOTED.findall(arguments)[1])
    return _ANSWER if descriptor["number"] == "1" else descriptor["path"]


def _durable_write(folder: str, name: str) -> list[Step]:
    place = f"{folder}/" if folder else ""
    temporary = f"{place}.{name}.*.tmp"
    return [("write", temporary), ("fsync", temporary), ("rename", place + name), ("fsync", folder)]


@needs_strace
def test_a_registration_reaches_the_disk_step_by_step_before_it_is_acknowledged(tmp_path: Path) -> None:
    store, trace = tmp_path / "store", tmp_path / "trace"
    DiskCatalog(store).create(product())
    calls = "trace=write,fsync,fdatasync,/^rename"
    with start_writer(
        StoreAt("disk", store), "x", 1, under=("strace", "-f", "-y", "-e", calls, "-o", str(trace))
    ) as writer:
        output, _ = writer.communicate()
    assert output.startswith("ready\nack 1 ")
    assert _steps(trace.read_text(), store / "products" / "flange") == [
        ("write", _ANSWER),
        *_durable_write("references", "*"),
        *_durable_write("segments", "*"),
        *_durable_write("banks", "00000001.json"),
        *_durable_write("", "pointer.json"),
        ("write", _ANSWER),
    ]


@needs_strace
def test_a_blob_that_is_there_already_is_made_durable_before_it_is_acknowledged(tmp_path: Path) -> None:
    store, trace = tmp_path / "store", tmp_path / "trace"
    DiskCatalog(store).create(product())
    with start_writer(StoreAt("disk", store), "x", 1) as writer:
        writer.communicate()
    with start_writer(
        StoreAt("disk", store), "x", 1, under=("strace", "-f", "-y", "-e", "trace=fsync", "-o", str(trace))
    ) as writer:
        writer.communicate()
    steps = _steps(trace.read_text(), store / "products" / "flange")
    assert steps[:2] == [("fsync", "references"), ("fsync", "segments")]
