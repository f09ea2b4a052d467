"""Are duplicates in a batch told, and are different parts left alone?

    python -m benchmarks.batch_duplicates DATA > benchmarks/results/batch_duplicates.txt

From each object below DATA (MVTec's layout) batches of eight photographs are drawn, and one of them is added again,
changed. Printed is how often the two were taken for duplicates, and how many of the others were.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from app.engine.hygiene import Photograph, duplicates, photograph
from app.engine.types import Image
from app.evaluate.dataset import object_names, read_image
from benchmarks.machine import measured_with, say

BATCHES, SIZE = 40, 8
CHANGES: dict[str, Callable[[Image], Image]] = {
    "JPEG, quality 95": lambda image: compressed(image, 95),
    "JPEG, quality 50": lambda image: compressed(image, 50),
    "half the size": lambda image: _image(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)),
    "20 % brighter": lambda image: _image(cv2.convertScaleAbs(image, alpha=1.2)),
    "20 % darker": lambda image: _image(cv2.convertScaleAbs(image, alpha=0.8)),
    "noise of 5 grey levels": lambda image: _image(image + np.random.default_rng(0).normal(0, 5, image.shape)),
    "turned by 1°": lambda image: warped(image, turned_deg=1),
    "turned by 3°": lambda image: warped(image, turned_deg=3),
    "turned by 90°": lambda image: _image(np.rot90(image)),
    "moved by 1 % of the width": lambda image: warped(image, moved=0.01),
    "moved by 2 % of the width": lambda image: warped(image, moved=0.02),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    root = parser.parse_args().data
    say(measured_with(("numpy", "opencv-python-headless")))
    told: Counter[str] = Counter()
    names = object_names(root)
    for name in names:
        _try(sorted((root / name).glob("*/*/*")), told)
    for change in CHANGES:
        say(f"{change:28} told in {told[change]:3} of {BATCHES * len(names)}")
    say(f"different photographs        told {told['']} of {BATCHES * len(names) * SIZE}")


def _try(paths: list[Path], told: Counter[str]) -> None:
    """Count what is told of the batches of one object."""
    random = np.random.default_rng(1)
    measured: dict[Path, Photograph] = {}
    photographs = [path for path in paths if path.parts[-3] != "ground_truth"]
    for _ in range(BATCHES):
        batch = [photographs[place] for place in random.choice(len(photographs), SIZE, replace=False)]
        for path in batch:
            if path not in measured:
                measured[path] = photograph(read_image(path))
        known = [measured[path] for path in batch]
        told[""] += sum(each.near for each in duplicates(known, batch))
        first = read_image(batch[0])
        for change, made in CHANGES.items():
            told[change] += 0 not in duplicates([*known, photograph(made(first))], range(SIZE + 1))[SIZE].others


def compressed(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _image(cv2.imdecode(data, cv2.IMREAD_COLOR))


def warped(image: Image, *, turned_deg: float = 0, moved: float = 0) -> Image:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turned_deg, 1)
    matrix[0, 2] += moved * width
    return _image(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))


def _image(values: object) -> Image:
    return np.ascontiguousarray(np.clip(np.asarray(values), 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
