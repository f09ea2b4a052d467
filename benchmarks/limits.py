"""What the method cannot see, shown on drawn parts: one example for each limit, with the remedy beside it.

    python -m benchmarks.limits PICTURES_DIR

Draws the flange of the sample product, and a printed arrow: 4 references, 10 good test images, and 10 parts for each
limit; inspects them with the embedded backbone and the profile `robust`. Prints image scores and writes a picture for
each limit: a good part, the part in question, its anomaly map on the bank's colour scale, the map under another setup.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.assembly import limit_threads, load_backbone
from app.demo.flange import SIDE_PX, Field, Surface, blend, brushed_flange, coverage, part_coordinates
from app.demo.photograph import photograph, random_shot
from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import MemoryBank, Segment, segment
from app.engine.detector import patch_distances, patch_features, reference_features
from app.engine.heatmap import heatmap
from app.engine.masking.foreground import foreground_mask, scored_patches
from app.engine.options import Preprocessing, Rotation, Statistic
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Image
from app.engine.verdict.scoring import anomaly_map, image_score
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

REFERENCES, GOOD_TESTS = range(100, 104), range(200, 210)
PARTS = range(300, 310)
SHOWN_PX = 224
PACKAGES = ("torch", "faiss-gpu", "numpy", "opencv-python-headless", "pillow")

Change = Callable[[Surface], Surface]
Draw = Callable[[int], Image]


@dataclass(frozen=True, slots=True)
class Setup:
    """How a product is set up."""

    rotation: Rotation = "on"
    masking: bool = False
    smaller_edge: int = 448


@dataclass(frozen=True, slots=True)
class Limit:
    """Good parts, a part that the setup does not tell from them, and another setup to try. Both draw from a seed."""

    name: str
    good: Draw
    part: Draw
    setup: Setup
    other: Setup


def second_mark(surface: Surface) -> Surface:
    """The index mark that belongs below the bore, milled above it too."""
    x, y = part_coordinates()
    bars = np.maximum(np.abs(np.abs(x) - 14.0) - 5.0, np.abs(y + 330.0) - 26.0)
    return _blackened(surface, coverage(bars, 3.0))


def _blackened(surface: Surface, milled: Field) -> Surface:
    """The surface milled out and blackened, as the index mark is."""
    return replace(
        surface,
        height=blend(surface.height, -6.0, milled),
        albedo=blend(surface.albedo, (0.13, 0.13, 0.135), 0.8 * milled),
        gloss=surface.gloss * (1.0 - 0.8 * milled),
    )


def pore(surface: Surface) -> Surface:
    """A pore of 1.6 px across in the photograph, a tenth of a patch of 16 px there."""
    x, y = part_coordinates()
    hole = coverage(np.hypot(x + 330.0, y - 20.0) - 1.6, 3.0)
    return replace(surface, height=blend(surface.height, -2.0, hole), albedo=blend(surface.albedo, 0.2, hole))


def spill(surface: Surface) -> Surface:
    """A brown spill without an edge on the belt beside the part."""
    x, y = part_coordinates()
    wet = np.exp(-((np.hypot((x - 395.0) / 1.3, y + 395.0) / 55.0) ** 2)).astype(np.float32)
    return replace(
        surface,
        height=blend(surface.height, -44.0, coverage(0.3 - wet, 0.2)),
        albedo=blend(surface.albedo, (0.16, 0.08, 0.03), coverage(0.3 - wet, 0.2)),
        gloss=blend(surface.gloss, 0.0, coverage(0.3 - wet, 0.2)),
        solid=np.maximum(surface.solid, 0.7 * wet),
    )


def arrow(degrees: float) -> Draw:
    """A printed arrow on grey card, turned counter-clockwise from pointing right."""

    def draw(seed: int) -> Image:
        rng = np.random.default_rng(seed)
        sheet = np.full((1024, 1024), 168.0, np.float32) + cv2.GaussianBlur(
            rng.normal(0, 30, (1024, 1024)).astype(np.float32), (0, 0), 2.0
        )
        middle = rng.uniform(-12, 12, 2) + 512
        along = np.array([np.cos(np.deg2rad(degrees)), -np.sin(np.deg2rad(degrees))])
        ends = [tuple(int(each) for each in middle + reach * along) for reach in (-190, 190)]
        cv2.arrowedLine(sheet, ends[0], ends[1], 45.0, 34, cv2.LINE_AA, tipLength=0.35)
        small = cv2.resize(sheet, (512, 512), interpolation=cv2.INTER_AREA) + rng.normal(0, 2.5, (512, 512))
        return np.repeat(np.clip(small, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)

    return draw


def flange(change: Change | None = None, *, small: bool = False) -> Draw:
    """The flange, with a change to it, or beside it where it is small."""

    def draw(seed: int) -> Image:
        rng = np.random.default_rng(seed)
        shot = random_shot(rng)
        surface = _shrunk(brushed_flange(rng)) if small else brushed_flange(rng)
        return photograph(change(surface) if change else surface, shot, rng)

    return draw


LIMITS = (
    Limit("logical", flange(), flange(second_mark), Setup(), Setup(rotation="off")),
    Limit("rotation", arrow(0.0), arrow(90.0), Setup(), Setup(rotation="off")),
    Limit("half-turn", arrow(0.0), arrow(180.0), Setup(), Setup(rotation="off")),
    Limit("smaller-than-a-patch", flange(), flange(pore), Setup(), Setup(smaller_edge=896)),
    Limit("background", flange(small=True), flange(spill, small=True), Setup(masking=True), Setup()),
)


def _shrunk(surface: Surface) -> Surface:
    """The part at half its size, in the middle of the frame."""
    half = SIDE_PX // 2

    def halved(field: NDArray[np.floating]) -> NDArray[np.float32]:
        small = cv2.resize(field.astype(np.float32), (half, half), interpolation=cv2.INTER_AREA)
        edges = [(half // 2, half // 2)] * 2 + [(0, 0)] * (field.ndim - 2)
        return np.pad(small, edges)

    return Surface(
        height=halved(surface.height) / 2,
        albedo=halved(surface.albedo),
        gloss=halved(surface.gloss),
        grain=halved(surface.grain),
        solid=halved(surface.solid),
    )


@dataclass(frozen=True, slots=True)
class Looked:
    """What an inspection gave: the image score by `mean_top1p` and by `max`, and the map as a picture."""

    score: float
    largest: float
    drawn: Image


class Product:
    """A bank of the references under a setup."""

    def __init__(self, setup: Setup, good: Draw, backbone: Backbone) -> None:
        self._setup, self._backbone = setup, backbone
        self._preprocessing = Preprocessing(setup.smaller_edge, setup.rotation, fit="whole")
        images = [good(seed) for seed in REFERENCES]
        found = [reference_features(image, self._preprocessing, backbone) for image in images]
        masks = [[foreground_mask(each, backbone.spec, "robust") for each in turned] for turned in found]
        self._fractions = [float(mask.mean()) for each in masks for mask in each]
        parts = [segment(each, self._preprocessing.angles_deg) for each in found]
        self._bank = MemoryBank(parts, "cpu")
        self._scale_max = 2 * max(_left_out(parts))

    def inspect(self, image: Image) -> Looked:
        spec = self._backbone.spec
        features = patch_features(self._backbone, [preprocess(image, self._setup.smaller_edge, spec, "whole")])[0]
        mask = np.ones(features.geometry.grid.patches, bool)
        if self._setup.masking:
            mask, _ = scored_patches(foreground_mask(features, spec, "robust"), "robust", self._fractions)
        distances = patch_distances(features, self._bank, mask).values
        shown = anomaly_map(distances, features.geometry, "robust")
        png = heatmap(shown, image, self._scale_max, smaller_edge=SHOWN_PX).png
        mean, largest = image_score(distances, mask, Statistic()), image_score(distances, mask, Statistic("max"))
        return Looked(mean, largest, decode_image(png, 10**7).pixels)


def _left_out(parts: Sequence[Segment]) -> list[float]:
    banks = [MemoryBank([*parts[:position], *parts[position + 1 :]], "cpu") for position in range(len(parts))]
    return [float(bank.nearest(part.upright)[0].max()) for part, bank in zip(parts, banks, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--only", choices=[limit.name for limit in LIMITS], action="append")
    arguments = parser.parse_args()
    folder = arguments.pictures
    folder.mkdir(parents=True, exist_ok=True)
    limit_threads(0)
    backbone = load_backbone(load_registry().spec("embedded"), load_settings(), "cpu")
    say("drawn flanges, 4 references, 10 good test images; embedded backbone, profile robust, mean_top1p")
    say(measured_with(PACKAGES))
    for limit in [limit for limit in LIMITS if not arguments.only or limit.name in arguments.only]:
        _show(limit, backbone, folder)


def _show(limit: Limit, backbone: Backbone, folder: Path) -> None:
    parts = [limit.part(seed) for seed in PARTS]
    say(f"\n{limit.name}")
    tiles = [limit.good(GOOD_TESTS[0]), parts[0]]
    for setup in (limit.setup, limit.other):
        product = Product(setup, limit.good, backbone)
        good, looked = [product.inspect(limit.good(seed)) for seed in GOOD_TESTS], [*map(product.inspect, parts)]
        say(f"  rotation {setup.rotation}, masking {'on' if setup.masking else 'off'}, {setup.smaller_edge} px")
        _say_scores("mean_top1p", [each.score for each in looked], [each.score for each in good])
        _say_scores("max", [each.largest for each in looked], [each.largest for each in good])
        tiles.append(looked[0].drawn)
    together = np.ascontiguousarray(np.hstack([_small(tile) for tile in tiles])[:, :, ::-1])
    _, encoded = cv2.imencode(".jpg", together, [cv2.IMWRITE_JPEG_QUALITY, 90])
    (folder / f"limit-{limit.name}.jpg").write_bytes(encoded.tobytes())


def _say_scores(name: str, parts: Sequence[float], good: Sequence[float]) -> None:
    seen = sum(score > max(good) for score in parts)
    ranges = f"{min(parts):.4f} to {max(parts):.4f}, good parts {min(good):.4f} to {max(good):.4f}"
    say(f"    {name:<11}{ranges}: {seen} of {len(parts)} above all good ones")


def _small(tile: Image) -> Image:
    return np.asarray(cv2.resize(tile, (SHOWN_PX, SHOWN_PX), interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    main()
