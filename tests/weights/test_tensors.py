"""State dicts are read without running what a file says, and damaged files are refused."""

import io
import os
from collections import OrderedDict
from pathlib import Path

import pytest
from safetensors.torch import save_file

from app.engine.device.faiss_torch import torch
from app.errors import WeightsUnavailable
from app.weights.tensors import load_tensors


class Command:
    """Unpickled the ordinary way, this runs a shell command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@pytest.fixture
def tensors() -> OrderedDict[str, torch.Tensor]:
    return OrderedDict([("cls_token", torch.arange(6.0).reshape(1, 1, 6)), ("norm.bias", torch.ones(6))])


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_state_dict_comes_back_as_it_was_saved(
    tmp_path: Path, tensors: OrderedDict[str, torch.Tensor], suffix: str
) -> None:
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save(tensors, path)
    else:
        save_file(tensors, path)
    loaded = load_tensors(path)
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    path, trace = tmp_path / "weights.pth", tmp_path / "it-ran"
    torch.save({"cls_token": Command(f"touch {trace}")}, path)
    with pytest.raises(WeightsUnavailable, match="something other than tensors; nothing in it was run"):
        load_tensors(path)
    assert not trace.exists()
    torch.load(path, weights_only=False)
    assert trace.exists(), "the trap itself must work, or this test shows nothing"


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("kept", [0, 7, 100, -10])
def test_a_truncated_file_is_refused(
    tmp_path: Path, tensors: OrderedDict[str, torch.Tensor], suffix: str, kept: int
) -> None:
    path, buffer = tmp_path / f"weights{suffix}", io.BytesIO()
    if suffix == ".pth":
        torch.save(tensors, buffer)
        path.write_bytes(buffer.getvalue()[:kept])
    else:
        save_file(tensors, path)
        path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsUnavailable, match=str(path)):
        load_tensors(path)


@pytest.mark.parametrize("stored", [{}, [1, 2], {"model": {"a": [1]}}, {3: 4}], ids=str)
def test_what_is_no_flat_state_dict_is_refused(tmp_path: Path, stored: object) -> None:
    path = tmp_path / "weights.pth"
    torch.save(stored, path)
    with pytest.raises(WeightsUnavailable, match="not a state dict"):
        load_tensors(path)


@pytest.mark.parametrize("name", ["weights.bin", "absent.pth", "absent.safetensors"])
def test_a_file_that_is_absent_or_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "weights.bin").write_bytes(b"x")
    with pytest.raises(WeightsUnavailable, match=name):
        load_tensors(tmp_path / name)
