"""Are good photographs left in peace by the checks of single references, and spoilt ones told?

    python -m benchmarks.reference_checks DATA_ROOT [--objects …]

DATA_ROOT is laid out as MVTec-AD. 300 times, k good photographs of an object (train and test) are drawn as references:
printed is the share of them that is accused, by kind; and how often one more good photograph, spoilt, is told, beside
these k. Blur: Gaussian, σ in px at a smaller edge of 448 (at least in px of the photograph itself), noise of σ = 2 grey
levels after it. Exposure: in linear light (gamma 2.2), by stops. Copies: of one of the k. `first`: with no others.
Last, all good photographs as a calibration set: how many are named as the same as one before, which copies are told.
"""

import argparse
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np

from app.engine.hygiene import FindingKind, Photograph, findings, photograph, same_photographs
from app.engine.types import Image
from app.evaluate.dataset import load_object, read_image
from benchmarks.machine import measured_with, say

DRAWS = 300
COUNTS = (2, 4, 7, 8, 16)
GAMMA = 2.2
KINDS: tuple[FindingKind, ...] = (
    "blurred",
    "under_exposed",
    "over_exposed",
    "different_size",
    "different_aspect",
    "near_duplicate",
)


def blurred(sigma_px: float, image: Image) -> Image:
    sigma = sigma_px * max(1.0, min(image.shape[:2]) / 448)
    noise = np.random.default_rng(0).normal(0, 2, image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), sigma) + noise, 0, 255).astype(np.uint8)


def exposed(stops: float, image: Image) -> Image:
    light = (image / 255) ** GAMMA * 2**stops
    return np.round(255 * np.clip(light, 0, 1) ** (1 / GAMMA)).astype(np.uint8)


def compressed(quality: int, image: Image) -> Image:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def halved(image: Image) -> Image:
    return np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


Change = Callable[[Image], Image]
SPOILT: dict[str, tuple[FindingKind, Change]] = {
    **{f"blur {sigma:g} px": ("blurred", partial(blurred, sigma)) for sigma in (1, 1.5, 2, 3)},
    **{f"{stops:+g} stops": ("under_exposed", partial(exposed, stops)) for stops in (-1, -1.5, -2, -4)},
    **{f"{stops:+g} stops": ("over_exposed", partial(exposed, stops)) for stops in (1, 1.5, 2, 4)},
    "copy, JPEG 90": ("near_duplicate", partial(compressed, 90)),
    "copy, JPEG 50": ("near_duplicate", partial(compressed, 50)),
    "copy, half size": ("near_duplicate", halved),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--objects", nargs="+", default=["cookies", "hazelnut", "transistor", "magnetic_tile"])
    arguments = parser.parse_args()
    say(measured_with(("numpy", "opencv-python-headless")))
    for name in arguments.objects:
        found = load_object(arguments.data, name, needs_references=True)
        paths = [*found.train, *(image.path for image in found.test if not image.is_defect)]
        say(f"\n{name}: {len(paths)} good photographs")
        _report(paths)


def _report(paths: list[Path]) -> None:
    @cache
    def measured(place: int, change: str = "") -> Photograph:
        image = read_image(paths[place])
        return photograph(SPOILT[change][1](image) if change else image)

    everyone = range(len(paths))
    alone = [each.kind for place in everyone for each in findings(measured(place), [])]
    say(f"  first: good ones accused {100 * len(alone) / len(paths):.1f} %; told {_told_first(measured, len(paths))}")
    for count in COUNTS:
        accused, told = dict.fromkeys(KINDS, 0), dict.fromkeys(SPOILT, 0)
        for seed in range(DRAWS):
            *drawn, next_one = np.random.default_rng([count, seed]).permutation(len(paths))[: count + 1].tolist()
            good = [measured(place) for place in drawn]
            for place, each in enumerate(good):
                for finding in findings(each, [*good[:place], *good[place + 1 :]]):
                    accused[finding.kind] += 1
            for change, (kind, _) in SPOILT.items():
                spoilt = measured(drawn[0] if kind == "near_duplicate" else next_one, change)
                told[change] += kind in {each.kind for each in findings(spoilt, good)}
        shares = ", ".join(f"{kind} {100 * number / DRAWS / count:.2f} %" for kind, number in accused.items() if number)
        say(f"  k={count}: good ones accused: {shares or 'none'}")
        say("    told: " + ", ".join(f"{change} {100 * number / DRAWS:.0f} %" for change, number in told.items()))
    say(f"  all as a calibration set: {_told_in_a_set(measured, len(paths))}")


def _told_in_a_set(measured: Callable[..., Photograph], count: int) -> str:
    """Of each photograph beside those before it, and of each one's copies beside all."""
    everyone = [measured(place) for place in range(count)]
    named = sum(bool(same_photographs(each, everyone[:place])) for place, each in enumerate(everyone))
    shares = []
    for change, (kind, _) in SPOILT.items():
        if kind == "near_duplicate":
            found = [same_photographs(measured(place, change), everyone) for place in range(count)]
            hits = sum(place in {same.other for same in each} for place, each in enumerate(found))
            shares.append(f"{change} {100 * hits / count:.0f} %")
    return f"{named} of {count} named as the same as one before; told {', '.join(shares)}"


def _told_first(measured: Callable[[int, str], Photograph], count: int) -> str:
    shares = []
    for change, (kind, _) in SPOILT.items():
        if kind != "near_duplicate":
            hits = sum(kind in {each.kind for each in findings(measured(place, change), [])} for place in range(count))
            shares.append(f"{change} {100 * hits / count:.0f} %")
    return ", ".join(shares)


if __name__ == "__main__":
    main()
