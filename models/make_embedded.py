"""Make `embedded.safetensors`: the filters of the embedded backbone and the statistics that whiten its features.

    python models/make_embedded.py

Draws its own images (`drawn_images.py`), describes them, and prints what `registry.toml` must say of the file.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.engine.backbone.embedded import ORIENTATIONS, WIDTH, local_description
from app.engine.device.faiss_torch import torch
from models.drawn_images import drawn_image

SEED = 11
IMAGES = 160
SIDE_PX = 448
PATCHES_PER_IMAGE = 400
GABOR_SIDE, WAVELENGTH_PX, GABOR_SIGMA_PX = 9, 4.0, 1.9
SHRINKAGE = 0.3
"""Added to every eigenvalue of the correlation matrix (mean 1): directions the drawn images hardly vary in are raised
less than full whitening would, since on a real part they are mostly noise."""

OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [0.5, -0.5, 0.0], [0.25, 0.25, -0.5]], np.float32)
"""Brightness, red−green, yellow−blue of gamma-encoded RGB."""


def gabor_pairs() -> NDArray[np.float32]:
    """12×1×9×9: even and odd filter of each orientation in turn, without response to a constant, unit norm per pair."""
    reach = GABOR_SIDE // 2
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    window = np.exp(-(across**2 + down**2) / (2 * GABOR_SIGMA_PX**2))
    filters: list[NDArray[np.float64]] = []
    for k in range(ORIENTATIONS):
        angle = np.pi * k / ORIENTATIONS
        phase = 2 * np.pi * (across * np.cos(angle) + down * np.sin(angle)) / WAVELENGTH_PX
        even, odd = window * np.cos(phase), window * np.sin(phase)
        even -= window * even.sum() / window.sum()
        norm = np.sqrt((even**2).sum() + (odd**2).sum())
        filters += [even / norm, odd / norm]
    return np.array(filters, np.float32)[:, None]


def drawn_descriptions(gabor: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """Descriptions of patches drawn at random from the drawn images, rows×(D−1)."""
    rows, opponent, filters = [], torch.from_numpy(OPPONENT), torch.from_numpy(gabor)
    for index in range(IMAGES):
        rng = np.random.default_rng([seed, index])
        image = torch.from_numpy(drawn_image(rng, SIDE_PX)).permute(2, 0, 1)[None]
        described = local_description(image, opponent, filters).numpy()
        rows.append(described[rng.choice(len(described), PATCHES_PER_IMAGE, replace=False)])
        sys.stderr.write(f"\r{index + 1}/{IMAGES} images drawn")
    sys.stderr.write("\n")
    return np.concatenate(rows).astype(np.float64)


def whitening(rows: NDArray[np.float64], shrinkage: float) -> NDArray[np.float64]:
    """Symmetric whitening of the standardised columns, shrunk; the symmetric root leaves no sign or order open."""
    values, vectors = np.linalg.eigh(np.corrcoef(rows.T))
    root = (vectors / np.sqrt(values.clip(0) + shrinkage)) @ vectors.T
    return np.asarray(root / rows.std(0)[:, None])


def tensors(seed: int) -> dict[str, NDArray[np.float32]]:
    gabor = gabor_pairs()
    rows = drawn_descriptions(gabor, seed)
    learned = {"mean": rows.mean(0), "whitening": whitening(rows, SHRINKAGE)}
    return {"opponent": OPPONENT, "gabor": gabor} | {k: v.astype(np.float32) for k, v in learned.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the file of the embedded backbone.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "embedded.safetensors")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    content = save(tensors(arguments.seed))
    arguments.out.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    sys.stdout.write(f'width = {WIDTH}\nsize_bytes = {len(content)}\nsha256 = "{sha256}"\n')


if __name__ == "__main__":
    main()
