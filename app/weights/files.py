"""Weight files: where the file of a backbone lies, and whether it is the registered one."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from app.engine.backbone.spec import BackboneSpec
from app.errors import WeightsUnavailable
from app.weights.registry import registry_path

CHUNK_BYTES = 1 << 20

Step = Literal["waiting", "downloading", "verifying"]
Progress = Callable[[Step, int, int | None], None]
"""Called with the step, the bytes done so far and, where known, the bytes in all."""


def no_progress(_step: Step, _done_bytes: int, _total_bytes: int | None) -> None:
    """For callers that show nothing."""


def weight_file(spec: BackboneSpec, weights_dir: Path) -> Path:
    """Where the file of `spec` belongs: in `weights_dir`, or beside the registry if it travels with the package."""
    if spec.is_packaged:
        return registry_path().parent / spec.file
    return weights_dir / spec.file


def remedy(spec: BackboneSpec, folder: Path) -> str:
    """One or two sentences: how the right file gets into `folder`."""
    if spec.is_packaged:
        return "It travels with the package: install the package again."
    if spec.address is None:
        return (
            f"No address is registered for it: place {spec.file} (SHA-256 {spec.sha256}) in {folder.absolute()} "
            f"yourself, or name a mirror in INSPECTOR_WEIGHTS_URL and run: inspector weights fetch {spec.name}"
        )
    return (
        f"Run: inspector weights fetch {spec.name}; or download {spec.address} elsewhere "
        f"and place it as {spec.file} in {folder.absolute()}"
    )


def verify(path: Path, spec: BackboneSpec, progress: Progress = no_progress) -> None:
    """Compare the file at `path` with the registered size and SHA-256 of `spec`.

    Raises:
        WeightsUnavailable: it is missing, unreadable or another file; the message says how to get the right one.
    """
    where, advice = path.absolute(), remedy(spec, path.parent)
    try:
        wrong = difference(path, spec, progress)
    except FileNotFoundError as error:
        raise WeightsUnavailable(f"The weights of {spec.name} are not at {where}. {advice}") from error
    except OSError as error:
        raise WeightsUnavailable(f"The weights of {spec.name} cannot be read: {error}. {advice}") from error
    if wrong is not None:
        raise WeightsUnavailable(
            f"The weights of {spec.name} at {where} are not the registered file: {wrong}. {advice}"
        )


def difference(path: Path, spec: BackboneSpec, progress: Progress = no_progress) -> str | None:
    """What tells the file at `path` from the registered one, in words; None if nothing does.

    Raises:
        OSError: it cannot be read.
    """
    size_bytes = path.stat().st_size
    if spec.size_bytes is not None and size_bytes != spec.size_bytes:
        return f"it has {size_bytes} bytes instead of {spec.size_bytes}"
    digest = _sha256(path, size_bytes, progress)
    return None if digest == spec.sha256 else f"its SHA-256 is {digest} instead of {spec.sha256}"


def _sha256(path: Path, size_bytes: int, progress: Progress) -> str:
    digest = hashlib.sha256()
    done_bytes = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done_bytes += len(chunk)
            progress("verifying", done_bytes, size_bytes)
    return digest.hexdigest()
