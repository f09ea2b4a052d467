"""Weight files are taken only as registered, and every refusal says how to get the right one."""

import dataclasses
from pathlib import Path

import pytest

from app.engine.backbone.spec import BackboneSpec
from app.errors import WeightsUnavailable
from app.weights.files import Step, verify, weight_file
from app.weights.registry import load_registry, registry_path


@pytest.fixture
def file(spec: BackboneSpec, weights_dir: Path, content: bytes) -> Path:
    weights_dir.mkdir()
    path = weight_file(spec, weights_dir)
    path.write_bytes(content)
    return path


def test_the_registered_file_is_accepted_and_its_check_shows_progress(spec: BackboneSpec, file: Path) -> None:
    seen: list[tuple[Step, int, int | None]] = []
    verify(file, spec, lambda *step: seen.append(step))
    assert seen[-1] == ("verifying", spec.size_bytes, spec.size_bytes)


def test_a_truncated_file_is_refused_by_its_size(spec: BackboneSpec, file: Path, content: bytes) -> None:
    file.write_bytes(content[:-1])
    with pytest.raises(WeightsUnavailable, match="299999 bytes instead of 300000") as caught:
        verify(file, spec)
    assert "inspector weights fetch dinov2_vits14" in caught.value.message
    assert str(spec.address) in caught.value.message
    assert str(file.parent) in caught.value.message


def test_a_truncated_file_of_unknown_size_is_refused_by_its_checksum(
    spec: BackboneSpec, file: Path, content: bytes
) -> None:
    file.write_bytes(content[:-1])
    with pytest.raises(WeightsUnavailable, match="SHA-256"):
        verify(file, dataclasses.replace(spec, size_bytes=None))


def test_one_changed_bit_is_refused(spec: BackboneSpec, file: Path, content: bytes) -> None:
    file.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    with pytest.raises(WeightsUnavailable, match="SHA-256"):
        verify(file, spec)


def test_a_missing_file_is_told_with_the_way_to_get_it(spec: BackboneSpec, weights_dir: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"are not at .*inspector weights fetch dinov2_vits14"):
        verify(weight_file(spec, weights_dir), spec)


def test_a_folder_in_place_of_the_file_is_refused(spec: BackboneSpec, weights_dir: Path) -> None:
    path = weight_file(spec, weights_dir)
    path.mkdir(parents=True)
    with pytest.raises(WeightsUnavailable):
        verify(path, dataclasses.replace(spec, size_bytes=None))


def test_a_file_without_a_registered_address_is_asked_for_by_name_and_checksum(weights_dir: Path) -> None:
    spec = load_registry().spec("vit_tiny_patch16_224")
    with pytest.raises(WeightsUnavailable, match=f"place {spec.file} .SHA-256 {spec.sha256}. in {weights_dir}"):
        verify(weight_file(spec, weights_dir), spec)


def test_the_embedded_backbone_lies_beside_the_registry(weights_dir: Path) -> None:
    spec = load_registry().spec("embedded")
    assert weight_file(spec, weights_dir) == registry_path().parent / spec.file
