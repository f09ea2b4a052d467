"""Weights that all sides of a comparison of speed get: drawn at random, since speed does not depend on them.

python -m benchmarks.peer_weights FOLDER
"""

import sys
from pathlib import Path

from app.engine.device.faiss_torch import torch
from app.weights.registry import load_registry
from tests.engine.synthetic_weights import synthetic_vits14

ANOMALYDINO, PATCHCORE = "anomalydino", "patchcore"
DINO, RESNET, SHARE = "dinov2_vits14", "resnet18", 0.1
RESNET_FILE = "resnet18.safetensors"


def write_weights(folder: Path) -> None:
    """The files of DINOv2 ViT-S/14 and ResNet-18 as the registry names them; ResNet-18's as `RESNET_FILE` too."""
    from safetensors.torch import save_file
    from torchvision.models import resnet18

    registry = load_registry()
    torch.manual_seed(0)
    tensors = resnet18().state_dict()
    save_file(tensors, folder / RESNET_FILE)
    torch.save(tensors, folder / registry.spec(RESNET).file)
    torch.save(synthetic_vits14(), folder / registry.spec(DINO).file)


if __name__ == "__main__":
    write_weights(Path(sys.argv[1]))
