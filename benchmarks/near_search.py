"""Parts in a fixture with two of their fasteners swapped: what a search near each patch's own place tells from good.

    python -m benchmarks.near_search

Draws a plate with four kinds of fasteners in a row, 108 px apart, in photographs of 448 px; good: each kind in its
place, defective: two of them swapped. 4 references, 20 good and 24 defective test images, the embedded backbone without
rotations and masks, `mean_top1p`. The plate lies up to 2, 14 and 28 px off its place in each direction (a patch is 14
px). Prints image AUROC, how the median score of swapped plates compares with the largest of good ones, and the time of
a search; then, of coresets, how many good images have a patch that no row is near to.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, cycle, islice

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from app.assembly import limit_threads, load_backbone
from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import MemoryBank
from app.engine.bank.near import NO_ROW
from app.engine.detector import patch_distances, patch_features, reference_segment
from app.engine.device.faiss_torch import torch
from app.engine.methods.coreset import coreset_size, greedy_coreset
from app.engine.options import Near, Preprocessing, Search, Statistic
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Image, PatchFeatures
from app.engine.verdict.scoring import image_score
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

SIDE_PX, SPACING_PX, FASTENER_PX = 448, 108, 36
PLAYS_PX = (2, 14, 28)
REFERENCES, GOOD_TESTS, SWAPPED_TESTS = range(100, 104), range(200, 220), range(300, 324)
SEARCHES: tuple[Search, ...] = ("anywhere", Near(1), Near(2), Near(4))
PACKAGES = ("torch", "faiss-gpu", "numpy", "opencv-python-headless", "scikit-learn")
SHARES = (0.1, 0.25, 0.5)
FINER = 4
"""Drawn so many times larger, then averaged down."""

PREPROCESSING = Preprocessing(SIDE_PX, "off", fit="whole")
Canvas = NDArray[np.uint8]
STEEL, DARK, EDGE = (188, 190, 194), (38, 38, 42), (96, 98, 102)


def nut(canvas: Canvas, x: int, y: int, size: int) -> None:
    angles = np.radians(np.arange(0, 360, 60))
    corners = np.stack([x + size * np.cos(angles), y + size * np.sin(angles)], axis=1).astype(np.int32)
    cv2.fillPoly(canvas, [corners], STEEL)
    cv2.polylines(canvas, [corners], isClosed=True, color=EDGE, thickness=size // 12)
    cv2.circle(canvas, (x, y), size // 2, DARK, -1)


def washer(canvas: Canvas, x: int, y: int, size: int) -> None:
    _head(canvas, x, y, size)
    cv2.circle(canvas, (x, y), size // 3, DARK, -1)


def slotted(canvas: Canvas, x: int, y: int, size: int) -> None:
    _head(canvas, x, y, size)
    cv2.rectangle(canvas, (x - size * 4 // 5, y - size // 8), (x + size * 4 // 5, y + size // 8), DARK, -1)


def crossed(canvas: Canvas, x: int, y: int, size: int) -> None:
    _head(canvas, x, y, size)
    cv2.rectangle(canvas, (x - size // 2, y - size // 7), (x + size // 2, y + size // 7), DARK, -1)
    cv2.rectangle(canvas, (x - size // 7, y - size // 2), (x + size // 7, y + size // 2), DARK, -1)


def _head(canvas: Canvas, x: int, y: int, size: int) -> None:
    cv2.circle(canvas, (x, y), size, STEEL, -1)
    cv2.circle(canvas, (x, y), size, EDGE, size // 12)


KINDS: tuple[Callable[[Canvas, int, int, int], None], ...] = (nut, washer, slotted, crossed)


def plate(order: Sequence[int], seed: int, play_px: float) -> Image:
    """A photograph of a plate with the kinds in this order, up to `play_px` off its place."""
    rng = np.random.default_rng(seed)
    canvas = np.full((SIDE_PX * FINER, SIDE_PX * FINER, 3), (128, 124, 116), np.uint8)
    for place, kind in enumerate(order):
        x = SIDE_PX * FINER // 2 + round((place - 1.5) * SPACING_PX * FINER)
        KINDS[kind](canvas, x, SIDE_PX * FINER // 2, FASTENER_PX * FINER)
    x_off, y_off = FINER * rng.uniform(-play_px, play_px, 2)
    shift = np.array([[1, 0, x_off], [0, 1, y_off]], np.float32)
    moved = cv2.warpAffine(canvas, shift, canvas.shape[:2], borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(moved, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    grain = cv2.GaussianBlur(rng.normal(0, 12, (SIDE_PX, SIDE_PX, 1)).astype(np.float32), (0, 0), 1.5)[:, :, None]
    lit = rng.uniform(0.95, 1.05) * (small + grain) + rng.normal(0, 2, small.shape)
    return np.asarray(np.clip(np.rint(lit), 0, 255), np.uint8)


def swapped_orders(count: int) -> list[list[int]]:
    """Each pair of places swapped in turn."""
    orders = []
    for one, other in islice(cycle(combinations(range(len(KINDS)), 2)), count):
        order = list(range(len(KINDS)))
        order[one], order[other] = order[other], order[one]
        orders.append(order)
    return orders


@dataclass(frozen=True, slots=True)
class Found:
    """Image scores of the good and of the swapped test images, and milliseconds of a search."""

    good: list[float]
    swapped: list[float]
    search_ms: float


def scored(bank: MemoryBank, good: Sequence[PatchFeatures], swapped: Sequence[PatchFeatures]) -> Found:
    everything = np.ones(good[0].geometry.grid.patches, bool)
    patch_distances(good[0], bank, everything)  # the first one takes longer
    started = time.perf_counter()
    scores = [
        image_score(patch_distances(each, bank, everything).values, everything, Statistic())
        for each in (*good, *swapped)
    ]
    search_ms = 1000 * (time.perf_counter() - started) / len(scores)
    return Found(scores[: len(good)], scores[len(good) :], search_ms)


def compare(play_px: float, backbone: Backbone) -> None:
    """Lines of the table for one play."""
    usual = range(len(KINDS))
    parts = [reference_segment(plate(usual, seed, play_px), PREPROCESSING, backbone) for seed in REFERENCES]
    good = [_features(plate(usual, seed, play_px), backbone) for seed in GOOD_TESTS]
    orders = swapped_orders(len(SWAPPED_TESTS))
    swapped = [
        _features(plate(order, seed, play_px), backbone) for order, seed in zip(orders, SWAPPED_TESTS, strict=True)
    ]
    for search in SEARCHES:
        found = scored(MemoryBank(parts, "cpu", search), good, swapped)
        truth = [0] * len(found.good) + [1] * len(found.swapped)
        auroc = roc_auc_score(truth, [*found.good, *found.swapped])
        ratio = float(np.median(found.swapped)) / max(found.good)
        say(f"  {play_px:>4} px  {_name(search):<9} {auroc:>6.3f} {ratio:>6.2f} {found.search_ms:>8.0f}")


def compare_coresets(play_px: float, backbone: Backbone) -> None:
    """Lines of the second table."""
    usual = range(len(KINDS))
    parts = [reference_segment(plate(usual, seed, play_px), PREPROCESSING, backbone) for seed in REFERENCES]
    good = [_features(plate(usual, seed, play_px), backbone) for seed in GOOD_TESTS]
    everything = np.ones(good[0].geometry.grid.patches, bool)
    rows = np.concatenate([part.rows for part in parts])
    for share in SHARES:
        chosen = greedy_coreset(torch.from_numpy(rows), coreset_size(len(rows), share))
        kept = [part.reduced(chosen[chosen // len(part.rows) == at] % len(part.rows)) for at, part in enumerate(parts)]
        for search in SEARCHES[1:]:
            bank = MemoryBank(kept, "cpu", search)
            lonely = [patch_distances(each, bank, everything).nearest == NO_ROW for each in good]
            images = sum(bool(each.any()) for each in lonely)
            say(f"  {share:>6}  {_name(search):<9} {images:>4} of {len(good)} {100 * float(np.mean(lonely)):>9.1f} %")


def _name(search: Search) -> str:
    return "anywhere" if search == "anywhere" else f"near {search.near}"


def _features(image: Image, backbone: Backbone) -> PatchFeatures:
    return patch_features(backbone, [preprocess(image, SIDE_PX, backbone.spec, PREPROCESSING.fit)])[0]


def main() -> None:
    limit_threads(0)
    backbone = load_backbone(load_registry().spec("embedded"), load_settings(), "cpu")
    say("drawn plates, two of four fasteners swapped; 4 references, embedded backbone, rotation off, mean_top1p")
    say(measured_with(PACKAGES))
    say(f"\n  {'play':>7}  {'search':<9} {'AUROC':>6} {'ratio':>6} {'search ms':>8}")
    for play_px in PLAYS_PX:
        compare(play_px, backbone)
    say(f"\n  {'kept':>6}  {'search':<9} {'images':>10} {'patches':>11}")
    compare_coresets(PLAYS_PX[0], backbone)


if __name__ == "__main__":
    main()
