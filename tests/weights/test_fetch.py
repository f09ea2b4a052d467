"""A fetched file is whole and registered, or it is not there; what arrived of it is not fetched twice."""

import dataclasses
import resource
from pathlib import Path

import pytest

from app.engine.backbone.spec import BackboneSpec
from app.errors import ConfigurationError, WeightsUnavailable
from app.weights.fetch import fetch
from app.weights.files import Step
from app.weights.registry import load_registry
from tests.weights.file_server import FileServer, serving


def part_of(spec: BackboneSpec, weights_dir: Path, held: bytes) -> Path:
    weights_dir.mkdir()
    part = weights_dir / f"{spec.file}.part"
    part.write_bytes(held)
    return part


def ranges(server: FileServer) -> list[str | None]:
    return [asked for _, asked in server.requests]


def test_a_file_is_fetched_whole_and_nothing_else_is_left(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    seen: list[tuple[Step, int, int | None]] = []
    path = fetch(spec, weights_dir, lambda *step: seen.append(step), base_address=server.address)
    assert path.read_bytes() == content
    assert list(weights_dir.iterdir()) == [path]
    assert server.requests == [(f"/{spec.file}", None)]
    assert ("downloading", len(content), len(content)) in seen
    assert seen[-1] == ("verifying", len(content), len(content))


def test_the_registered_address_is_asked_where_no_mirror_is_named(
    spec: BackboneSpec, weights_dir: Path, server: FileServer
) -> None:
    fetch(dataclasses.replace(spec, address=f"{server.address}/dinov2/{spec.file}"), weights_dir)
    assert server.requests == [(f"/dinov2/{spec.file}", None)]


def test_a_right_file_is_not_fetched_again(spec: BackboneSpec, weights_dir: Path, server: FileServer) -> None:
    fetch(spec, weights_dir, base_address=server.address)
    fetch(spec, weights_dir, base_address=server.address)
    assert len(server.requests) == 1


def test_a_wrong_file_is_replaced(spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes) -> None:
    weights_dir.mkdir()
    (weights_dir / spec.file).write_bytes(b"something else")
    assert fetch(spec, weights_dir, base_address=server.address).read_bytes() == content


def test_a_cut_download_is_kept_and_continued(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    server.cut_after_bytes = 200_000
    with pytest.raises(WeightsUnavailable, match=r"broke off .* inspector weights fetch dinov2_vits14"):
        fetch(spec, weights_dir, base_address=server.address)
    assert [path.name for path in weights_dir.iterdir()] == [f"{spec.file}.part"]
    server.cut_after_bytes = None
    assert fetch(spec, weights_dir, base_address=server.address).read_bytes() == content
    assert ranges(server) == [None, "bytes=200000-"]


def test_a_server_that_ignores_ranges_sends_all(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    part_of(spec, weights_dir, content[:1000])
    server.understands_range = False
    assert fetch(spec, weights_dir, base_address=server.address).read_bytes() == content
    assert ranges(server) == ["bytes=1000-"]


def test_a_server_that_continues_elsewhere_is_asked_for_all(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    part_of(spec, weights_dir, content[:1000])
    server.range_shift_bytes = 5
    assert fetch(spec, weights_dir, base_address=server.address).read_bytes() == content
    assert ranges(server) == ["bytes=1000-", None]


def test_a_part_longer_than_the_file_is_begun_anew(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    part_of(spec, weights_dir, content + b"more")
    assert fetch(spec, weights_dir, base_address=server.address).read_bytes() == content
    assert ranges(server) == ["bytes=300004-", None]


@pytest.mark.parametrize("size_is_known", [True, False])
def test_a_complete_part_needs_only_its_check(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes, size_is_known: bool
) -> None:
    part_of(spec, weights_dir, content)
    registered = spec if size_is_known else dataclasses.replace(spec, size_bytes=None)
    assert fetch(registered, weights_dir, base_address=server.address).read_bytes() == content
    assert ranges(server) == ([] if size_is_known else ["bytes=300000-"])


@pytest.mark.parametrize("sent", [b"<html>Please log in</html>", b"\0" * 300_000, b"\0" * 300_001])
def test_a_wrong_file_from_the_server_is_removed_and_said(spec: BackboneSpec, weights_dir: Path, sent: bytes) -> None:
    with (
        serving(FileServer(sent)) as server,
        pytest.raises(WeightsUnavailable, match=r"not the registered file of dinov2_vits14: .* It was removed"),
    ):
        fetch(spec, weights_dir, base_address=server.address)
    assert list(weights_dir.iterdir()) == []


def test_a_part_that_is_not_of_this_file_is_removed_and_the_next_fetch_succeeds(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    part_of(spec, weights_dir, b"x" * 1000)
    with pytest.raises(WeightsUnavailable, match="It was removed"):
        fetch(spec, weights_dir, base_address=server.address)
    assert fetch(spec, weights_dir, base_address=server.address).read_bytes() == content


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_error_status_is_told_and_keeps_what_had_arrived(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes, status: int
) -> None:
    part = part_of(spec, weights_dir, content[:1000])
    server.status = status
    with pytest.raises(WeightsUnavailable, match=f"{server.address}/{spec.file} answered {status} "):
        fetch(spec, weights_dir, base_address=server.address)
    assert part.read_bytes() == content[:1000]


def test_redirects_are_followed(spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes) -> None:
    with serving(FileServer(b"", redirect_to=f"{server.address}/elsewhere")) as first:
        assert fetch(spec, weights_dir, base_address=first.address).read_bytes() == content
    assert server.requests == [("/elsewhere", None)]


def test_a_body_that_does_not_end_is_given_up_at_the_registered_size(spec: BackboneSpec, weights_dir: Path) -> None:
    received: list[int] = []
    with (
        serving(FileServer(b"\0" * 20_000_000)) as server,
        pytest.raises(WeightsUnavailable, match="not the registered file"),
    ):
        fetch(spec, weights_dir, lambda _, done_bytes, __: received.append(done_bytes), base_address=server.address)
    assert max(received) < 1_000_000


def test_a_backbone_without_an_address_is_not_fetched_but_a_mirror_may_have_it(
    weights_dir: Path, server: FileServer
) -> None:
    spec = load_registry().spec("vit_tiny_patch16_224")
    with pytest.raises(WeightsUnavailable, match=r"No address is registered .* INSPECTOR_WEIGHTS_URL"):
        fetch(spec, weights_dir)
    with pytest.raises(WeightsUnavailable, match="not the registered file"):
        fetch(spec, weights_dir, base_address=f"{server.address}/mirror/")
    assert server.requests == [(f"/mirror/{spec.file}", None)]


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "http://[::1", "no-scheme"])
def test_an_address_that_cannot_be_used_is_a_wrong_setting(spec: BackboneSpec, weights_dir: Path, address: str) -> None:
    with pytest.raises(ConfigurationError, match="INSPECTOR_WEIGHTS_URL"):
        fetch(spec, weights_dir, base_address=address)


def test_a_full_disk_is_told_and_keeps_what_had_arrived(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(ConfigurationError, match=f"{weights_dir} cannot be written"):
            fetch(spec, weights_dir, base_address=server.address)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert fetch(spec, weights_dir, base_address=server.address).read_bytes() == content
    assert ranges(server) == [None, "bytes=100000-"]


def test_a_folder_that_cannot_be_written_is_a_wrong_setting(
    spec: BackboneSpec, tmp_path: Path, server: FileServer
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="INSPECTOR_WEIGHTS_DIR"):
        fetch(spec, tmp_path / "file" / "weights", base_address=server.address)
