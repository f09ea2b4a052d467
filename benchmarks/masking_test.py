"""Does the masking test decide rightly? Objects composited on plain backgrounds, and textures.

    python -m benchmarks.masking_test DATA_ROOT WEIGHTS [--backbones NAME …] [--previews FOLDER]

DATA_ROOT holds the photographs (hazelnut, cookies, transistor, magnetic_tile; `../golden` beside it brick and gravel),
WEIGHTS is the folder of the weight files.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from app.assembly import load_backbone
from app.engine.backbone.backbone import Backbone
from app.engine.detector import patch_features, reference_features
from app.engine.masking.foreground import first_component, foreground_mask
from app.engine.masking.grid import border
from app.engine.masking.masking_test import masking_test
from app.engine.masking.picture import preview
from app.engine.masking.verdict import MaskingVerdict
from app.engine.options import ROTATION_ANGLES_DEG, Preprocessing
from app.engine.photograph.augment import rotate
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Geometry, Mask, PatchFeatures
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.composites import (
    BACKGROUNDS,
    Kind,
    Photograph,
    PixelMask,
    composite,
    cut_out,
    overlaps,
    patch_shares,
    read_rgb,
)
from benchmarks.machine import measured_with, say

SMALLER_EDGE = 448
AREAS = (0.10, 0.25, 0.40, 0.60, 0.80)
MASKABLE_AREA = 0.5
OBJECTS: tuple[tuple[Kind, str], ...] = (
    ("hazelnut", "010.png"),
    ("hazelnut", "015.png"),
    ("cookies", "002.jpg"),
    ("cookies", "007.jpg"),
)
TEXTURES = (
    *(f"transistor/train/good/{number:03d}.png" for number in range(5, 10)),
    *(f"magnetic_tile/train/good/{number:03d}.jpg" for number in range(5, 60, 10)),
    *(f"../golden/{name}_{which}.png" for name in ("brick", "gravel672") for which in ("reference", "test")),
)
COMPOSITE_SEED = 20261
SIDE_RULES = ("the sign of the unrotated image", "the central window", "the image border")
COLUMNS = """
IoU: mask of the unrotated image against the patches that the object touches; IoU50: against those it fills at least
half; kept: share of the latter in the mask; share: largest foreground fraction over the rotations; turn: agreement of
the rotations; missed: the ranges that were missed.
"""
LINE_UP = "{:<34}{:>6}  {:<12}{:>9}{:>7}{:>7}{:>7}{:>7}{:>7}   {}"


@dataclass(frozen=True, slots=True)
class Case:
    """One photograph that goes through the masking test, and what ought to come out."""

    name: str
    area: float | None
    background: str
    photograph: Photograph
    maskable: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, its verdict, its masks at every angle, and how the unrotated one compares with the known mask.

    `geometry` is that of the unrotated image; `sides` tells per angle which of `SIDE_RULES` find the object's side.
    """

    case: Case
    verdict: MaskingVerdict
    masks: Sequence[Mask]
    geometry: Geometry
    overlaps: tuple[float, float, float]
    sides: Sequence[tuple[bool, ...]]

    @property
    def right(self) -> bool:
        return self.verdict.accepted == self.case.maskable


def main() -> None:
    arguments = _arguments()
    say(__doc__.splitlines()[0] if __doc__ else "")
    say(measured_with(("torch", "timm", "opencv-python-headless", "numpy")))
    say(COLUMNS)
    for name in arguments.backbones:
        folder = arguments.previews / name if arguments.previews else None
        _report(_backbone(name, arguments.weights), arguments.data, folder)


def _report(backbone: Backbone, data: Path, previews: Path | None) -> None:
    say(f"{backbone.spec.name} at {SMALLER_EDGE} px, float32, CPU; mask rule {backbone.spec.mask_rule}\n")
    say(LINE_UP.format("image", "area", "background", "verdict", "IoU", "IoU50", "kept", "share", "turn", "missed"))
    outcomes = []
    for number, case in enumerate(_cases(data)):
        outcome = _outcome(case, backbone)
        outcomes.append(outcome)
        say(_line(outcome))
        if previews:
            _save_preview(outcome, previews / f"{number:03d}.png")
    for lines in (_summary(outcomes), _sign_rules(outcomes), _defects(data, backbone)):
        say("\n" + "\n".join(lines))
    say()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--backbones", nargs="+", default=["vit_tiny_patch16_224", "embedded"])
    parser.add_argument("--previews", type=Path)
    return parser.parse_args()


def _backbone(name: str, weights: Path) -> Backbone:
    return load_backbone(load_registry().spec(name), load_settings(weights_dir=weights, precision="float32"), "cpu")


def _cases(data: Path) -> Iterator[Case]:
    for index, (kind, file) in enumerate(OBJECTS):
        photograph = cut_out(data / kind / "train" / "good" / file, kind)
        name = f"{kind} {Path(file).stem}"
        yield Case(name, float(photograph.mask.mean()), "as it is", photograph, maskable=True)
        for area in AREAS:
            for place, background in enumerate(BACKGROUNDS):
                generator = np.random.default_rng([COMPOSITE_SEED, index, round(100 * area), place])
                placed = composite(photograph, area, background, generator)
                yield Case(name, area, background, placed, maskable=area < MASKABLE_AREA)
    for path in TEXTURES:
        image = read_rgb(data / path)
        nothing = np.zeros(image.shape[:2], np.bool_)
        name = path.removeprefix("../golden/").replace("/train/good/", " ").rsplit(".", 1)[0]
        yield Case(name, None, "texture", Photograph(image, nothing), maskable=False)


def _outcome(case: Case, backbone: Backbone) -> Outcome:
    features = reference_features(case.photograph.image, Preprocessing(SMALLER_EDGE, fit="whole"), backbone)
    masks = [foreground_mask(each, backbone.spec, "robust") for each in features]
    verdict = masking_test(features, masks, ROTATION_ANGLES_DEG)
    against_known = overlaps(masks[0], patch_shares(case.photograph.mask, features[0].geometry))
    sides = _sides(case.photograph.mask, features) if case.maskable else ()
    return Outcome(case, verdict, masks, features[0].geometry, against_known, sides)


def _sides(known: PixelMask, features: Sequence[PatchFeatures]) -> Sequence[tuple[bool, ...]]:
    """Per angle, which of the `SIDE_RULES` find the side of the first component that the object lies on."""
    found = []
    upright = None
    for angle_deg, each in zip(ROTATION_ANGLES_DEG, features, strict=True):
        grid, scores = each.geometry.grid, first_component(each.values)
        turned = rotate(np.repeat(known[..., None], 3, axis=2).astype(np.uint8), angle_deg)[..., 0] > 0
        positive = bool(scores[patch_shares(turned, each.geometry) >= 0.5].mean() > 0)
        upright = positive if upright is None else upright
        rows, columns = (slice(int(0.2 * length), int(0.8 * length)) for length in (grid.rows, grid.columns))
        central = bool((scores.reshape(grid.rows, grid.columns)[rows, columns] > 0).mean() > 0.35)
        free_border = bool(np.median(scores[border(grid)]) <= 0)
        found.append((positive == upright, positive == central, positive == free_border))
    return found


def _line(outcome: Outcome) -> str:
    case, numbers = outcome.case, outcome.verdict.numbers
    area = "" if case.area is None else f"{case.area:.0%}"
    overlaps = ["", "", ""] if case.area is None else [f"{value:.2f}" for value in outcome.overlaps]
    verdict = ("accepted" if outcome.verdict.accepted else "refused") + ("" if outcome.right else " WRONG")
    return LINE_UP.format(
        case.name,
        area,
        case.background,
        verdict,
        *overlaps,
        f"{numbers['largest_foreground_fraction']:.2f}",
        f"{numbers['rotation_agreement']:.2f}",
        ", ".join(outcome.verdict.failed),
    )


def _summary(outcomes: Sequence[Outcome]) -> Iterator[str]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        case = outcome.case
        group = f"{case.area:.0%}" if case.background in BACKGROUNDS else case.background
        groups.setdefault(group, []).append(outcome)
    for name, members in groups.items():
        accepted = sum(outcome.verdict.accepted for outcome in members)
        line = f"{name:<10} accepted {accepted:>2} of {len(members):>2}"
        if members[0].case.maskable:
            values = np.array([outcome.overlaps for outcome in members])
            line += "   IoU {:.2f} (least {:.2f})   IoU50 {:.2f} ({:.2f})   kept {:.2f} ({:.2f})".format(
                *np.stack([values.mean(axis=0), values.min(axis=0)], axis=1).ravel()
            )
        yield line


def _sign_rules(outcomes: Sequence[Outcome]) -> Iterator[str]:
    sides = np.array([side for outcome in outcomes for side in outcome.sides])
    yield "The object's side of the component, over all maskable images and their rotations, found by"
    for rule, hits in zip(SIDE_RULES, sides.T, strict=True):
        yield f"  {rule:<34}{hits.sum():>4} of {len(hits)}"


def _defects(data: Path, backbone: Backbone) -> Iterator[str]:
    """How much of real defects the mask keeps: patches that a defect fills at least half."""
    for kind in ("hazelnut", "cookies"):
        kept, lost = [], 0
        for truth in sorted((data / kind / "ground_truth").glob("*/*_mask.png")):
            path = next((data / kind / "test" / truth.parent.name).glob(truth.name.removesuffix("_mask.png") + ".*"))
            image = read_rgb(path)
            features = patch_features(backbone, [preprocess(image, SMALLER_EDGE, backbone.spec, "whole")])[0]
            defect = patch_shares(read_rgb(truth)[..., 0] > 0, features.geometry) >= 0.5
            if not defect.any():
                continue
            kept.append(float(foreground_mask(features, backbone.spec, "robust")[defect].mean()))
            lost += kept[-1] < 0.5
        yield (
            f"defects of {kind}: {np.mean(kept):.0%} of their patches kept on average over {len(kept)} images, "
            f"less than half in {lost}"
        )


def _save_preview(outcome: Outcome, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = preview(outcome.case.photograph.image, outcome.masks, ROTATION_ANGLES_DEG, outcome.geometry)
    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
