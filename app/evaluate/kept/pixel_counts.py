"""The pixels behind a row, counted image by image."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PixelCounts:
    """`counts`: images × 3 × bins float32, by rising anomaly-map value: all pixels, the anomalous ones, and these
    weighted by 1 / the size of their region. `first` is the number of the first bin."""

    first: int
    counts: NDArray[np.float32]

    def save(self, path: Path) -> None:
        """Whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            np.savez_compressed(file, first=np.array(self.first), counts=self.counts)
        part.replace(path)


def load_pixel_counts(path: Path) -> PixelCounts | None:
    """None where there are none: no ground truth, or a row of an earlier release."""
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return PixelCounts(int(stored["first"]), np.asarray(stored["counts"], np.float32))
