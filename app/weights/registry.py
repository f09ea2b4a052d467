"""The registry of backbones: `models/registry.toml` read, checked and held."""

import dataclasses
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from app.engine.backbone.spec import BackboneSpec
from app.errors import ConfigurationError, UnknownBackbone

KEYS = frozenset(field.name for field in dataclasses.fields(BackboneSpec))
MAY_BE_ABSENT = ("address", "size_bytes", "mask_threshold")
_SPEC = TypeAdapter(BackboneSpec)


@dataclass(frozen=True, slots=True)
class Registry:
    """The backbones by name, in the order of the file."""

    backbones: Mapping[str, BackboneSpec]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.backbones)

    def spec(self, name: str) -> BackboneSpec:
        """The backbone of that name.

        Raises:
            UnknownBackbone: no entry has that name; the message lists those that exist.
        """
        if name not in self.backbones:
            raise UnknownBackbone(f"There is no backbone {name!r}. Choose one of: {', '.join(self.names)}.")
        return self.backbones[name]


def registry_path() -> Path:
    """Where the registry lies: inside the installed package, else in the checkout beside it.

    Raises:
        ConfigurationError: it is in neither place.
    """
    packaged = Path(__file__).parent / "models" / "registry.toml"
    checkout = Path(__file__).parents[2] / "models" / "registry.toml"
    for candidate in (packaged, checkout):
        if candidate.is_file():
            return candidate
    raise ConfigurationError(
        f"The registry of backbones is in neither {packaged} nor {checkout}. Install the package again."
    )


def load_registry(path: Path | None = None) -> Registry:
    """Read and check the registry at `path` (default: `registry_path()`).

    Raises:
        ConfigurationError: the file cannot be read, or an entry is wrong; the message names the entry and the key.
    """
    source = path or registry_path()
    try:
        tables = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The registry {source} cannot be read: {error}") from error
    return Registry({name: _checked_spec(source, name, table) for name, table in tables.items()})


def _checked_spec(source: Path, name: str, table: object) -> BackboneSpec:
    if not isinstance(table, dict):
        raise ConfigurationError(f"The registry {source} has {name!r} outside a table. Write it as [{name}].")
    if unknown := sorted(set(table) - KEYS):
        raise ConfigurationError(f"The registry {source}, entry {name!r}: unknown key {unknown[0]!r}.")
    row = dict.fromkeys(MAY_BE_ABSENT) | table | {"name": name}
    try:
        # JSON is what pydantic's strict mode takes lists for tuples from; strict refuses "14" for 14.
        spec = _SPEC.validate_json(json.dumps(row, default=str), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"The registry {source}, entry {name!r}, key {key!r}: {first['msg']}.") from error
    for key, complaint in _complaints(spec):
        raise ConfigurationError(f"The registry {source}, entry {name!r}, key {key!r}: {complaint}.")
    return spec


def _complaints(spec: BackboneSpec) -> Iterator[tuple[str, str]]:
    """What types cannot say: pairs of a key and what is wrong with its value."""
    for key in ("patch_size", "width", "heat_scale"):
        if getattr(spec, key) <= 0:
            yield key, "must be above 0"
    if min(spec.std) <= 0:
        yield "std", "must be above 0 in every channel"
    yield from _wrong_shape(spec)
    if (spec.mask_rule == "fixed") != (spec.mask_threshold is not None):
        yield "mask_threshold", 'belongs to the mask rule "fixed", and to that one alone'
    if Path(spec.file).name != spec.file or not spec.file.endswith((".pth", ".safetensors")):
        yield "file", "must be the bare name of a .pth or .safetensors file"
    if spec.address is not None and not spec.address.startswith("https://"):
        yield "address", "must begin with https://"
    if not re.fullmatch(r"[0-9a-f]{64}", spec.sha256):
        yield "sha256", "must be 64 lower-case hexadecimal digits"


def _wrong_shape(spec: BackboneSpec) -> Iterator[tuple[str, str]]:
    if spec.is_transformer and (spec.heads <= 0 or spec.width % spec.heads):
        yield "heads", f"must divide the width {spec.width}"
    if spec.is_transformer and (spec.depth <= 0 or spec.stored_grid <= 0):
        yield "depth" if spec.depth <= 0 else "stored_grid", "must be above 0"
    if not spec.is_resnet:
        return
    if spec.depth <= 0 or len(spec.layer_widths) != spec.depth:
        yield "layer_widths", f"must be one number for each of the {spec.depth} layers"
    elif not spec.layers or not set(spec.layers) <= set(range(1, spec.depth + 1)):
        yield "layers", f"must name layers between 1 and {spec.depth}"
    elif spec.width != sum(spec.layer_widths[layer - 1] for layer in spec.layers):
        yield "width", "must be the sum of the widths of its layers"
