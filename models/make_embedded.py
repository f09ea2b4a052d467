"""Make `embedded.safetensors`: the statistics that whiten the middle layers of EfficientNet-Lite0.

    python models/make_embedded.py

Draws its own images (`drawn_images.py`), runs the network over them, and prints what `registry.toml` must say.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from scipy.linalg import block_diag

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.engine.backbone.efficientnet_lite import centred, layer_rows, load_network
from app.engine.device.faiss_torch import torch
from app.weights.packaged import packaged_network
from app.weights.registry import load_registry
from models.drawn_images import drawn_image

NAME = "embedded"
SEED = 11
IMAGES = 160
SIDE_PX = 448
PATCHES_PER_IMAGE = 400
SHRINKAGE = 1.0
"""Added to every eigenvalue of the correlation matrix (mean 1): directions that the drawn images hardly vary in are
raised less than full whitening would, since on a real part they are mostly noise."""


def drawn_rows(seed: int) -> list[torch.Tensor]:
    """What each layer says of patches drawn at random from the drawn images, rows×C each."""
    spec, model, drawn = load_registry().spec(NAME), load_network(packaged_network()), []
    mean, std = (np.array(each, np.float32) for each in (spec.mean, spec.std))
    for index in range(IMAGES):
        rng = np.random.default_rng([seed, index])
        image = torch.from_numpy(((drawn_image(rng, SIDE_PX) - mean) / std).transpose(2, 0, 1)[None])
        with torch.inference_mode():
            rows_of_layers = [rows[0] for rows in layer_rows(model, image, spec.patch_size)]
        chosen = rng.choice(len(rows_of_layers[0]), PATCHES_PER_IMAGE, replace=False)
        drawn.append([rows[chosen] for rows in rows_of_layers])
        sys.stderr.write(f"\r{index + 1}/{IMAGES} images drawn")
    sys.stderr.write("\n")
    return [torch.cat(parts) for parts in zip(*drawn, strict=True)]


def whitening(rows: NDArray[np.float64], shrinkage: float) -> NDArray[np.float64]:
    """Symmetric whitening of the standardised columns, shrunk; the symmetric root leaves no sign or order open."""
    values, vectors = np.linalg.eigh(np.corrcoef(rows.T))
    root = (vectors / np.sqrt(values.clip(0) + shrinkage)) @ vectors.T
    return np.asarray(root / rows.std(0)[:, None])


def statistics(rows_of_layers: list[torch.Tensor]) -> dict[str, NDArray[np.float32]]:
    """The tensors of the file; each layer is whitened by itself."""
    centre = torch.cat([rows.mean(0) for rows in rows_of_layers])
    rows = centred(rows_of_layers, centre).numpy().astype(np.float64)
    layers = np.split(rows, np.cumsum([rows.shape[1] for rows in rows_of_layers])[:-1], axis=1)
    return {
        "centre": centre.numpy(),
        "mean": rows.mean(0).astype(np.float32),
        "whitening": block_diag(*[whitening(each, SHRINKAGE) for each in layers]).astype(np.float32),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=f"Make the file of {NAME}.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / f"{NAME}.safetensors")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    content = save(statistics(drawn_rows(arguments.seed)))
    arguments.out.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    sys.stdout.write(f'size_bytes = {len(content)}\nsha256 = "{sha256}"\n')


if __name__ == "__main__":
    main()
