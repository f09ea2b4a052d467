"""The registry of backbones: complete, checked, and clear about what is wrong with it."""

import re
from pathlib import Path

import pytest

from app.errors import ConfigurationError, UnknownBackbone
from app.weights.registry import Registry, load_registry, registry_path

DINOV2 = [f"dinov2_vit{size}14{suffix}" for suffix in ("", "_reg") for size in "sblg"]

RESNETS = ["resnet18", "resnet50", "wide_resnet50_2", "resnet18_layer1-3"]

SHAPES = {"s": (384, 12, 6), "b": (768, 12, 12), "l": (1024, 24, 16), "g": (1536, 40, 24)}

ENTRY = re.search(r"\[dinov2_vits14\]\n.*?\n\n", registry_path().read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def with_line(folder: Path, old: str, new: str) -> Path:
    """A registry with the entry of dinov2_vits14 alone, one line of it replaced."""
    assert ENTRY is not None
    assert old in ENTRY[0]
    path = folder / "registry.toml"
    path.write_text(ENTRY[0].replace(old, new), encoding="utf-8")
    return path


def test_every_backbone_is_there(registry: Registry) -> None:
    assert registry.names == (*DINOV2, "vit_tiny_patch16_224", *RESNETS, "embedded", "efficientnet_lite0")


@pytest.mark.parametrize("name", DINOV2)
def test_dinov2_has_the_published_shape(registry: Registry, name: str) -> None:
    spec = registry.spec(name)
    assert (spec.width, spec.depth, spec.heads) == SHAPES[name.removeprefix("dinov2_vit")[0]]
    assert (spec.patch_size, spec.stored_grid, spec.layer_scale) == (14, 37, True)
    assert spec.mlp == ("swiglu" if "vitg" in name else "mlp")


@pytest.mark.parametrize("name", DINOV2)
def test_registers_come_with_their_own_file_and_position_rule(registry: Registry, name: str) -> None:
    spec = registry.spec(name)
    plain = name.removesuffix("_reg")
    registers = ("dinov2_reg", 4, f"{plain}_reg4_pretrain.pth")
    expected = registers if name.endswith("_reg") else ("dinov2", 0, f"{plain}_pretrain.pth")
    assert (spec.position_embedding, spec.registers, spec.file) == expected
    assert spec.address is not None
    assert spec.address.endswith(f"/dinov2/{plain}/{spec.file}")


def test_checksums_are_the_official_ones(registry: Registry) -> None:
    small, giant = registry.spec("dinov2_vits14"), registry.spec("dinov2_vitg14_reg")
    assert small.sha256 == "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9"
    assert small.size_bytes == 88_283_115
    assert giant.sha256 == "746ecb8c6301c645c5c855be91687d274587d6e48fdaec4a729753160b34a283"
    wide = registry.spec("wide_resnet50_2")
    assert wide.sha256 == "95faca4d11227dddf8633dbb5ff6c8a9003c1aa5b8945c73834b8007b10950b8"
    assert len({registry.spec(name).sha256 for name in registry.names}) == len(registry.names)


@pytest.mark.parametrize("name", RESNETS)
def test_resnets_have_patches_of_layer_2_and_their_files_name_their_checksum(registry: Registry, name: str) -> None:
    spec = registry.spec(name)
    assert (spec.patch_size, spec.layers) == (8, (2, 3))
    assert spec.width == sum(spec.layer_widths[1:])
    assert spec.address is None or spec.sha256[:8] == spec.file.rsplit("-", 1)[1].removesuffix(".pth")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("layers = [2, 3]", "layers = [2, 4]", "layers"),
        ("layers = [2, 3]\n", "", "layers"),
        ("layer_widths = [64, 128, 256]", "layer_widths = [64, 128]", "layer_widths"),
        ("width = 384", "width = 320", "width"),
    ],
)
def test_wrong_layers_are_named_with_their_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    entry = re.search(r"\[resnet18\]\n.*?\n\n", registry_path().read_text(encoding="utf-8"), re.DOTALL)
    assert entry is not None
    path = tmp_path / "registry.toml"
    path.write_text(entry[0].replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"'resnet18', key '{key}'"):
        load_registry(path)


def test_an_unknown_name_is_answered_with_the_known_ones(registry: Registry) -> None:
    with pytest.raises(UnknownBackbone, match=r"'resnet101'.*dinov2_vits14, .*embedded"):
        registry.spec("resnet101")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("width = 384\n", "", "width"),
        ("width = 384", 'width = "384"', "width"),
        ("width = 384", "width = 385", "heads"),
        ("depth = 12", "depth = 0", "depth"),
        ('architecture = "dinov2"', 'architecture = "resnet"', "architecture"),
        ("registers = 0", "registers = 0\nregister = 4", "register"),
        ("mean = [0.485, 0.456, 0.406]", "mean = [0.485, 0.456]", "mean"),
        ("std = [0.229, 0.224, 0.225]", "std = [0.229, 0.0, 0.225]", "std"),
        ("mask_threshold = 10.0\n", "", "mask_threshold"),
        ('file = "dinov2_vits14_pretrain.pth"', 'file = "../dinov2_vits14_pretrain.pth"', "file"),
        ("https://", "ftp://", "address"),
        ('sha256 = "b938', 'sha256 = "B938', "sha256"),
    ],
)
def test_a_wrong_entry_is_named_with_its_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    path = with_line(tmp_path, old, new)
    with pytest.raises(ConfigurationError, match=f"'dinov2_vits14'.*'{key}[.'0-9]") as caught:
        load_registry(path)
    assert str(path) in caught.value.message


def test_an_entry_outside_a_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "registry.toml"
    path.write_text("dinov2_vits14 = 3\n")
    with pytest.raises(ConfigurationError, match=r"'dinov2_vits14' outside a table"):
        load_registry(path)


@pytest.mark.parametrize("text", [b"[dinov2_vits14\n", b"\xff\xfe"])
def test_a_registry_that_is_not_toml_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "registry.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigurationError, match=r"registry\.toml cannot be read"):
        load_registry(path)


def test_a_missing_registry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_registry(tmp_path / "registry.toml")
