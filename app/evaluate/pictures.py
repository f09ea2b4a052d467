"""The pictures of a report: some test images of each object as one bank sees them."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.heatmap import encode_png, heatmap
from app.engine.types import Geometry, Image, Mask
from app.engine.verdict.scoring import anomaly_map
from app.evaluate.dataset import ObjectData, read_image
from app.evaluate.kept.results import Picture, ScoredRow
from app.evaluate.measured.seen import Seen
from app.evaluate.metrics.ground_truth import GroundTruth
from app.evaluate.metrics.mistakes import mistakes
from app.evaluate.rows import Truths

SMALLER_EDGE = 224
"""Of a picture in the report, px."""

DEFECTS_SHOWN = 8
"""Kinds of defects, at most, one image of each."""


MISTAKES_SHOWN = 8
"""Missed parts, at most, and as many false alarms."""


def chosen(scored: ScoredRow) -> list[int]:
    """Positions of the test images to show: of the good ones that with the highest score and the middle one, of each
    kind of defect the middle one, and the worst mistakes. By rule, so that nobody picks the beautiful ones."""
    kinds: dict[str, list[int]] = {}
    for position in sorted(range(len(scored.scores)), key=lambda each: scored.scores[each].score):
        image = scored.scores[position]
        kinds.setdefault(image.image.split("/")[1] if image.bad else "", []).append(position)
    good = kinds.pop("", [])
    middle = [members[len(members) // 2] for members in ([good] if good else []) + _first_defects(kinds)]
    return list(dict.fromkeys(good[-1:] + middle + _mistakes(scored)))


def _mistakes(scored: ScoredRow) -> list[int]:
    found = mistakes(scored)
    worst = [*found.missed[:MISTAKES_SHOWN], *found.false_alarms[:MISTAKES_SHOWN]] if found else []
    return [scored.scores.index(image) for image in worst]


def _first_defects(kinds: dict[str, list[int]]) -> list[list[int]]:
    return [kinds[name] for name in sorted(kinds)[:DEFECTS_SHOWN]]


def write_pictures(
    scored: ScoredRow, data: ObjectData, looked: Seen, truth: Truths, scale_max: float, folder: Path
) -> list[Picture]:
    """Draw the chosen test images below `folder`; the map on the bank's colour scale (ALGORITHM 5.4)."""
    pictures = []
    for position in chosen(scored):
        original, geometry = read_image(data.test[position].path), looked.geometries[position]
        shown = anomaly_map(looked.distances[position], geometry, scored.row.variant.profile)
        drawn = {
            "original": encode_png(_small(original)),
            "map": heatmap(shown, original, scale_max, smaller_edge=SMALLER_EDGE).png,
        }
        if data.has_masks:
            drawn["truth"] = encode_png(_small(_marked(truth.masks[position], original)))
        if scored.row.masked:
            drawn["mask"] = encode_png(_small(_stretched(looked.foregrounds[position], geometry)))
        names = _saved(drawn, f"pictures/{data.name}/{position:04d}", folder)
        pictures.append(_picture(scored, position, scale_max, names))
    return pictures


def _saved(drawn: dict[str, bytes], stem: str, folder: Path) -> dict[str, str]:
    names = {kind: f"{stem}-{kind}.png" for kind in drawn}
    for kind, png in drawn.items():
        path = folder / names[kind]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    return names


def _picture(scored: ScoredRow, position: int, scale_max: float, names: dict[str, str]) -> Picture:
    row, image = scored.row, scored.scores[position]
    return Picture(
        object=row.object,
        shots=row.shots,
        seed=row.seed,
        image=image.image,
        bad=image.bad,
        score=image.score,
        scale_max=scale_max,
        original=names["original"],
        truth=names.get("truth"),
        map=names["map"],
        mask=names.get("mask"),
    )


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    factor = min(1.0, SMALLER_EDGE / min(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _marked(truth: GroundTruth | None, original: Image) -> NDArray[np.uint8]:
    marked = np.zeros(original.shape[0] * original.shape[1], np.uint8)
    if truth:
        marked[truth.pixels] = 255
    return marked.reshape(original.shape[:2])


def _stretched(foreground: Mask, geometry: Geometry) -> NDArray[np.uint8]:
    """The mask of the patches at the size of the image that they were cut from."""
    grid = foreground.reshape(geometry.grid.rows, geometry.grid.columns).astype(np.uint8) * 255
    size = (geometry.cropped.width, geometry.cropped.height)
    return np.asarray(cv2.resize(grid, size, interpolation=cv2.INTER_NEAREST), np.uint8)
