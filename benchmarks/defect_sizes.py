"""How small a defect is seen? Spots and scratches of known size on good parts, inspected by the service.

    python -m benchmarks.defect_sizes DATA_ROOT [--objects …] [--edges …]

DATA_ROOT is laid out as MVTec-AD. `flange` is the drawn sample product and needs none of it. Per object and
`smaller_edge`: 8 references, everything else as a new product has it (rotations, masking by the test, mean_top1p), so
the threshold is the provisional one. 10 other good photographs are inspected as they are and with one defect each, at
a random light place of the middle; sizes in patch sides, so a size is a longer defect at a lower `smaller_edge`.
Printed: how many of 10 were held back (not `ok`), and how many show a region. The regions' threshold is made from the
largest patch distance, so the second number is what `statistic: max` would hold back.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import httpx2
import numpy as np

from app.demo.draw_sample import Sample, draw
from app.engine.types import Image
from app.evaluate.dataset import load_object, read_image
from benchmarks.machine import measured_with, say
from benchmarks.pasted_defects import Defect, pasted
from benchmarks.served import server

REFERENCES, INSPECTED = 8, 10
PATCH_PX = 14
DEFECTS = (
    *(Defect("spot", size) for size in (0.5, 1, 2, 3, 4)),
    *(Defect("scratch", size) for size in (1, 2, 4, 8)),
)
PACKAGES = ("torch", "faiss-gpu", "numpy", "opencv-python-headless", "pillow")


@dataclass(frozen=True, slots=True)
class Found:
    """Of the photographs of one row, how many were held back, how many of those undecided, how many show a region."""

    held: int
    undecided: int
    regions: int


def main() -> None:
    arguments = _arguments()
    say(f"{REFERENCES} references, provisional threshold; of {INSPECTED} photographs each: held back / with a region")
    say(measured_with(PACKAGES))
    settings = {"BACKBONE": "embedded", "THREADS": "2", "AUTH": "off"}
    with (
        tempfile.TemporaryDirectory() as folder,
        server(Path(folder), settings) as address,
        httpx2.Client(base_url=address, timeout=300, trust_env=False) as client,
    ):
        for name in arguments.objects:
            images = _good(arguments.data, name)
            for edge in arguments.edges:
                _report(client, name, images, edge)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--objects", nargs="+", default=["flange", "hazelnut", "cookies"])
    parser.add_argument("--edges", nargs="+", type=int, default=[224, 448])
    return parser.parse_args()


def _good(root: Path, name: str) -> list[Image]:
    """The references, then the photographs to inspect."""
    if name == "flange":
        return [draw(Sample("test", "good", 1, 1000 + number)).picture for number in range(REFERENCES + INSPECTED)]
    known = load_object(root, name, needs_references=True)
    tests = [image.path for image in known.test if not image.is_defect]
    return [read_image(path) for path in [*known.train[:REFERENCES], *tests[:INSPECTED]]]


def _report(client: httpx2.Client, name: str, images: Sequence[Image], edge: int) -> None:
    product = f"/products/{name}-{edge}"
    client.put(product, json={"settings": {"smaller_edge": edge}}).raise_for_status()
    files = [("images", (f"{number}.png", _png(image))) for number, image in enumerate(images[:REFERENCES])]
    client.post(f"{product}/references", files=files).raise_for_status()
    masked = client.get(f"{product}/masking").raise_for_status().json()["applied"]
    shorter = min(images[0].shape[:2])
    patch_px = PATCH_PX * shorter / edge
    say(f"\n{name}, shorter side {shorter} px, smaller_edge {edge}: {patch_px:.1f} px a patch, masked: {masked}")
    inspected = images[REFERENCES:]
    _tell("as they are", _found(client, product, inspected))
    for defect in DEFECTS:
        generator = np.random.default_rng(1)
        spoilt = [pasted(image, defect, patch_px, generator) for image in inspected]
        _tell(f"{defect.kind} {defect.patches:g}", _found(client, product, spoilt))


def _found(client: httpx2.Client, product: str, images: Sequence[Image]) -> Found:
    answers = []
    for image in images:
        answer = client.post(f"{product}/inspect?heatmap=none", content=_png(image)).raise_for_status().json()
        answers.append((answer["verdict"], bool(answer["regions"])))
    return Found(
        held=sum(verdict != "ok" for verdict, _ in answers),
        undecided=sum(verdict == "not_decidable" for verdict, _ in answers),
        regions=sum(shown for _, shown in answers),
    )


def _tell(label: str, found: Found) -> None:
    undecided = f"   ({found.undecided} not_decidable)" if found.undecided else ""
    say(f"  {label:<12}{found.held:>3} / {found.regions:>2}{undecided}")


def _png(image: Image) -> bytes:
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


if __name__ == "__main__":
    main()
