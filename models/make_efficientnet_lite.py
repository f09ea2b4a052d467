"""Make `efficientnet_lite0.safetensors`: the statistics that whiten the middle layers of EfficientNet-Lite0.

    python models/make_efficientnet_lite.py

Draws its own images (`drawn_images.py`), runs the network over them, and prints what `registry.toml` must say.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.engine.backbone.efficientnet_lite import joined_layers, load_network
from app.engine.device.faiss_torch import torch
from app.weights.packaged import packaged_network
from app.weights.registry import load_registry
from models.drawn_images import drawn_image
from models.make_embedded import whitening

NAME = "efficientnet_lite0"
SEED = 11
IMAGES = 160
SIDE_PX = 448
PATCHES_PER_IMAGE = 400
SHRINKAGE = 1.0
"""Added to every eigenvalue of the correlation matrix (mean 1): directions that the drawn images hardly vary in are
raised less than full whitening would, since on a real part they are mostly noise."""


def drawn_rows(seed: int) -> NDArray[np.float64]:
    """What the layers say of patches drawn at random from the drawn images, rows×(D−1)."""
    spec, model, rows = load_registry().spec(NAME), load_network(packaged_network()), []
    mean, std = (np.array(each, np.float32) for each in (spec.mean, spec.std))
    for index in range(IMAGES):
        rng = np.random.default_rng([seed, index])
        image = torch.from_numpy(((drawn_image(rng, SIDE_PX) - mean) / std).transpose(2, 0, 1)[None])
        with torch.inference_mode():
            joined = joined_layers(model, image, spec.patch_size).numpy()
        rows.append(joined[rng.choice(len(joined), PATCHES_PER_IMAGE, replace=False)])
        sys.stderr.write(f"\r{index + 1}/{IMAGES} images drawn")
    sys.stderr.write("\n")
    return np.concatenate(rows).astype(np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=f"Make the file of {NAME}.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / f"{NAME}.safetensors")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = drawn_rows(arguments.seed)
    content = save(
        {"mean": rows.mean(0).astype(np.float32), "whitening": whitening(rows, SHRINKAGE).astype(np.float32)}
    )
    arguments.out.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    sys.stdout.write(f'width = {rows.shape[1] + 1}\nsize_bytes = {len(content)}\nsha256 = "{sha256}"\n')


if __name__ == "__main__":
    main()
