"""The tensors of a weight file, loaded without running anything that the file says."""

import pickle
from pathlib import Path

from safetensors.torch import load_file

from app.engine.device.faiss_torch import torch
from app.errors import WeightsUnavailable


def load_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The state dict of a `.pth` (unpickled with `weights_only`) or `.safetensors` file, on the CPU, as stored.

    Raises:
        WeightsUnavailable: the file is missing, damaged, holds more than tensors, or is not a flat state dict.
    """
    if path.suffix not in (".pth", ".safetensors"):
        raise WeightsUnavailable(f"{path.absolute()} is neither a .pth nor a .safetensors file.")
    try:
        stored = load_file(path) if path.suffix == ".safetensors" else _load_pth(path)
    except pickle.UnpicklingError as error:
        raise WeightsUnavailable(
            f"{path.absolute()} is damaged or holds something other than tensors; nothing in it was run. "
            "Check it: inspector weights verify"
        ) from error
    except Exception as error:  # torch.load answers a damaged file with almost any exception, AssertionError included
        reason = (str(error).splitlines() or [""])[0]
        raise WeightsUnavailable(
            f"The weights at {path.absolute()} cannot be read ({type(error).__name__}: {reason}). "
            "Check them: inspector weights verify"
        ) from error
    return _state_dict(path, stored)


def _load_pth(path: Path) -> object:
    return torch.load(path, map_location="cpu", weights_only=True)


def _state_dict(path: Path, stored: object) -> dict[str, torch.Tensor]:
    if isinstance(stored, dict) and stored:
        named = {name: value for name, value in stored.items() if isinstance(name, str)}
        tensors = {name: value for name, value in named.items() if isinstance(value, torch.Tensor)}
        if len(tensors) == len(stored):
            return tensors
    raise WeightsUnavailable(
        f"{path.absolute()} is not a state dict (names with one tensor each). Place the registered file there."
    )
