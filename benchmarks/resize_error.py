"""How far do image scores move by another resize on the way to the backbone, or by decoding at half the size?

    python -m benchmarks.resize_error DATA_ROOT [--images 16]

DATA_ROOT is laid out as MVTec-AD. Embedded network, 448 px to whole patches, 4 references upright, mean of the largest
1 %. Differences to the scores by Pillow's resize on both sides, % of these. `torch`: torch's resize on both sides, as
products of the profile `robust` have it; `torch, old bank`: a bank that an earlier release made; `half`: decoded by
libjpeg at half the size, against the whole, at a smaller edge of 224 px, where a photograph is twice as large or
more (all as JPEG, quality 95; 0 where all are smaller).
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image as PillowImage

from app.assembly import faster_backbone, limit_threads, load_backbone
from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import MemoryBank, segment
from app.engine.detector import patch_distances, patch_features
from app.engine.options import Statistic
from app.engine.photograph.preprocess import geometry, preprocess
from app.engine.types import Image, ModelInput, PatchFeatures, Size
from app.engine.verdict.scoring import image_score
from app.evaluate.dataset import load_object, object_names, read_image
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

PACKAGES = ("openvino", "torch", "faiss-gpu", "numpy", "pillow", "simplejpeg")
EDGE, HALF_EDGE, SHOTS = 448, 224, 4
Prepare = Callable[[Image, Backbone], ModelInput]


def by_pillow(image: Image, backbone: Backbone) -> ModelInput:
    size = geometry(Size(*image.shape[:2]), EDGE, backbone.spec.patch_size, "whole").resized
    bicubic = PillowImage.Resampling.BICUBIC
    resized = np.asarray(PillowImage.fromarray(image).resize((size.width, size.height), bicubic))
    return preprocess(resized, min(resized.shape[:2]), backbone.spec, "crop")


def by_torch(image: Image, backbone: Backbone) -> ModelInput:
    return preprocess(image, EDGE, backbone.spec, "whole")


def whole(image: Image, backbone: Backbone) -> ModelInput:
    return preprocess(image, HALF_EDGE, backbone.spec, "whole")


def half(image: Image, backbone: Backbone) -> ModelInput:
    if min(image.shape[:2]) < 2 * HALF_EDGE:
        return whole(image, backbone)
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality=95)
    reduced = simplejpeg.decode_jpeg(data, "RGB", min_height=image.shape[0] // 2, min_width=image.shape[1] // 2)
    return preprocess(reduced, HALF_EDGE, backbone.spec, "whole")


def as_jpeg(image: Image) -> Image:
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality=95)
    return np.asarray(simplejpeg.decode_jpeg(data, "RGB"), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--images", type=int, default=16, help="test photographs of each object, evenly spaced")
    arguments = parser.parse_args()
    limit_threads(1)
    settings = load_settings()
    loaded = load_backbone(load_registry().spec("embedded"), settings, "cpu")
    backbone = faster_backbone(settings, "cpu", loaded)
    say(measured_with(PACKAGES))
    say(f"{backbone.engine}, {EDGE} px; largest and mean difference of the image score, %")
    say(f"{'object':16}{'images':>7}{'torch':>16}{'torch, old bank':>18}{'half':>16}")
    for name in object_names(arguments.root):
        found = differences(arguments.root, name, arguments.images, backbone)
        told = [f"{each.max():.3f} {each.mean():.3f}" for each in found]
        say(f"{name:16}{len(found[0]):7}{told[0]:>16}{told[1]:>18}{told[2]:>16}")


def differences(
    root: Path, name: str, count: int, backbone: Backbone
) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Of the test photographs of an object, for each of the three ways."""
    found = load_object(root, name, needs_references=True)
    paths = [each.path for each in found.test]
    chosen = [paths[int(at)] for at in np.linspace(0, len(paths) - 1, min(count, len(paths)))]
    references = [read_image(path) for path in found.references(SHOTS, 0)]
    images = [read_image(path) for path in chosen]
    pillow, torch = (scores(references, images, way, way, backbone) for way in (by_pillow, by_torch))
    old_bank = scores(references, images, by_pillow, by_torch, backbone)
    jpegs = [as_jpeg(image) for image in images], [as_jpeg(image) for image in references]
    entire, halved = (scores(jpegs[1], jpegs[0], way, way, backbone) for way in (whole, half))
    pairs = [(pillow, torch), (pillow, old_bank), (entire, halved)]
    return [100 * np.abs(after / before - 1) for before, after in pairs]


def scores(
    references: list[Image], images: list[Image], bank_by: Prepare, query_by: Prepare, backbone: Backbone
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    parts = [segment([features(bank_by(image, backbone), backbone)], (0.0,)) for image in references]
    bank = MemoryBank(parts, "cpu")
    return np.array([scored(features(query_by(image, backbone), backbone), bank) for image in images])


def scored(described: PatchFeatures, bank: MemoryBank) -> float:
    everything = np.ones(described.geometry.grid.patches, bool)
    return image_score(patch_distances(described, bank, everything).values, everything, Statistic())


def features(prepared: ModelInput, backbone: Backbone) -> PatchFeatures:
    return patch_features(backbone, [prepared])[0]


if __name__ == "__main__":
    main()
