"""Draws the sample product of the demo: `python -m app.demo.draw_sample OUT_DIR`.

The pictures are computed, not taken: every one comes from a fixed seed, so that anybody can draw them again. The
folders follow the MVTec AD layout: `train/good`, `test/<good or kind>`, `ground_truth/<kind>`.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.demo import defects
from app.demo.flange import brushed_flange
from app.demo.photograph import PICTURE_SIDE_PX, photograph, place, random_shot

JPEG_QUALITY = 88
GOOD = "good"


@dataclass(frozen=True)
class Sample:
    """One picture to draw: where it belongs, its number there, its seed, and what is wrong with the part, if any."""

    split: str
    kind: str
    number: int
    seed: int
    defect: defects.Defect | None = None

    @property
    def stem(self) -> str:
        """The file's name without its ending, as `reference_01` or `defect_scratch_01`."""
        prefix = f"defect_{self.kind}" if self.defect else {"train": "reference", "test": GOOD}[self.split]
        return f"{prefix}_{self.number:02d}"


@dataclass(frozen=True)
class Drawing:
    """A picture, H × W × 3 uint8 RGB, and its ground truth, H × W uint8 with 255 on the defect."""

    picture: NDArray[np.uint8]
    mask: NDArray[np.uint8]


SAMPLES = (
    *(Sample("train", GOOD, number, 100 + number) for number in range(1, 5)),
    *(Sample("test", GOOD, number, 200 + number) for number in range(1, 5)),
    Sample("test", "scratch", 1, 301, defects.scratch_across_plate),
    Sample("test", "scratch", 2, 302, defects.scratch_along_edge),
    Sample("test", "dent", 1, 303, defects.dent),
    Sample("test", "stain", 1, 304, defects.rust_stain),
    Sample("test", "missing_screw", 1, 305, defects.missing_screw),
    Sample("test", "chipped_edge", 1, 306, defects.chipped_edge),
    Sample("test", "crack", 1, 307, defects.crack),
    Sample("test", "fibre", 1, 308, defects.foreign_fibre),
)


def draw(sample: Sample) -> Drawing:
    """The picture of `sample` before it is compressed; the mask of a sound part is empty."""
    rng = np.random.default_rng(sample.seed)
    shot = random_shot(rng)
    surface = brushed_flange(rng)
    spoilt = np.zeros(surface.height.shape, np.bool_)
    if sample.defect is not None:
        surface, spoilt = sample.defect(surface, rng)
    side = (PICTURE_SIDE_PX, PICTURE_SIDE_PX)
    share = cv2.resize(place(spoilt.astype(np.float32), shot), side, interpolation=cv2.INTER_AREA)
    mask = np.where(share >= 0.5, 255, 0).astype(np.uint8)
    return Drawing(picture=photograph(surface, shot, rng), mask=mask)


def write_tree(out_dir: Path) -> list[Path]:
    """Draws every sample into `out_dir`, folders included; gives the files written, in the order of `SAMPLES`."""
    written = []
    for sample in SAMPLES:
        drawing = draw(sample)
        bgr = drawing.picture[..., ::-1]
        parameters = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        picture_path = out_dir / sample.split / sample.kind / f"{sample.stem}.jpg"
        written.append(_write(picture_path, bgr, parameters))
        if sample.defect is not None:
            mask_path = out_dir / "ground_truth" / sample.kind / f"{sample.stem}_mask.png"
            written.append(_write(mask_path, drawing.mask, [cv2.IMWRITE_PNG_BILEVEL, 1]))
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: one argument, the folder to draw into."""
    parser = argparse.ArgumentParser(description="Draw the sample product of the demo.")
    parser.add_argument("out_dir", type=Path, help="folder for train/, test/ and ground_truth/; made if missing")
    written = write_tree(parser.parse_args(arguments).out_dir)
    total_bytes = sum(path.stat().st_size for path in written)
    sys.stdout.write(f"{len(written)} files, {total_bytes / 1000:.0f} kB\n")
    return 0


def _write(path: Path, pixels: NDArray[np.uint8], parameters: list[int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    _, encoded = cv2.imencode(path.suffix, pixels, parameters)
    path.write_bytes(encoded.tobytes())
    return path


if __name__ == "__main__":
    sys.exit(main())
