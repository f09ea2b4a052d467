"""How good is the embedded backbone? Image AUROC beside ViT-Tiny, trained and untrained, and the first one tried.

    python benchmarks/embedded_backbone.py ../shared/data --weights ../shared/weights

Shots are `sorted(train/good)[seed·k : (seed+1)·k]`, smaller edge 448, eight rotations, no mask, image score = mean of
the largest 1 % of the patch distances. Seeds for which an object has too few references are left out.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import PIL
import timm
from numpy.typing import NDArray
from PIL import Image as PillowImage
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_torch_file
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.engine.backbone.backbone import Backbone, no_pause
from app.engine.backbone.embedded import WIDTH, EmbeddedBackbone
from app.engine.backbone.spec import BackboneSpec
from app.engine.backbone.vit import ViTBackbone
from app.engine.bank.bank import unit_length
from app.engine.device.faiss_torch import faiss, torch
from app.engine.options import ROTATION_ANGLES_DEG
from app.engine.photograph.augment import rotate
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Image
from app.engine.verdict.scoring import TOP_SHARE
from app.weights.registry import load_registry

MODELS = Path(__file__).resolve().parent.parent / "models"
VIT_TINY = "vit_tiny_patch16_224"
SMALLER_EDGE = 448
COARSE_SHARE = 12
EXACT_CHUNK = 64
TIMED_RUNS = 9
Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A backbone and its distance: cosine, or Euclidean after standardising by the references."""

    name: str
    backbone: Backbone
    euclidean: bool = False


class FirstDescriptor:
    """The first descriptor tried: Lab mean and deviation, log Gabor energies of three scales and six orientations."""

    engine = "opencv"
    precision = "float32"

    def __init__(self, spec: BackboneSpec) -> None:
        self.spec = spec
        self.pause = no_pause
        self._pairs = [self._pair(px, k) for px in (4.0, 8.0, 16.0) for k in range(6)]

    def extract(self, inputs: Rows) -> Rows:
        return np.stack([self._features(image.transpose(1, 2, 0)) for image in inputs])

    def _features(self, image: Rows) -> Rows:
        lab = np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2Lab), np.float32)
        mean = self._cells(lab)
        deviation = np.sqrt(np.maximum(self._cells(lab * lab) - mean**2, 0))
        energies = [
            sum(cv2.filter2D(lab[..., 0], -1, kernel, borderType=cv2.BORDER_REFLECT) ** 2 for kernel in pair)
            for pair in self._pairs
        ]
        oriented = np.log(self._cells(np.stack(energies, axis=-1)) + 0.1)
        return np.concatenate([mean, deviation, oriented], axis=1).astype(np.float32)

    def _cells(self, planes: Rows) -> Rows:
        side, (height, width) = self.spec.patch_size, planes.shape[:2]
        cells = planes.reshape(height // side, side, width // side, side, -1).mean((1, 3))
        return np.asarray(cells.reshape(-1, cells.shape[-1]), np.float32)

    @staticmethod
    def _pair(wavelength_px: float, k: int) -> list[NDArray[np.float64]]:
        sigma_px = 0.56 * wavelength_px
        side = 2 * int(np.ceil(2.5 * sigma_px)) + 1
        kernels = [
            cv2.getGaborKernel((side, side), sigma_px, np.pi * k / 6, wavelength_px, 1.0, phase)
            for phase in (0, np.pi / 2)
        ]
        centred = [kernel - kernel.mean() for kernel in kernels]
        return [kernel / np.linalg.norm(kernel) for kernel in centred]


def contestants(weights: Path, untrained_seeds: Iterable[int]) -> Iterable[Contestant]:
    registry = load_registry()
    embedded, vit = replace(registry.spec("embedded"), width=WIDTH), registry.spec(VIT_TINY)
    yield Contestant("embedded", EmbeddedBackbone(embedded, load_file(MODELS / embedded.file)))
    yield Contestant("first descriptor", FirstDescriptor(embedded), euclidean=True)
    yield Contestant("ViT-Tiny, ImageNet", ViTBackbone(vit, load_torch_file(weights / vit.file), "cpu", "float32"))
    for seed in untrained_seeds:
        torch.manual_seed(seed)
        untrained = timm.create_model(VIT_TINY, pretrained=False).state_dict()
        yield Contestant(f"ViT-Tiny, untrained #{seed}", ViTBackbone(vit, untrained, "cpu", "float32"))


def image_from(path: Path) -> Image:
    return np.asarray(PillowImage.open(path).convert("RGB"))


def features(backbone: Backbone, image: Image) -> Rows:
    rows: Rows = backbone.extract(preprocess(image, SMALLER_EDGE, backbone.spec, "crop").tensor[None])[0]
    return rows


def scores(contestant: Contestant, bank: Rows, queries: Sequence[Rows]) -> list[float]:
    """Image score of each query against the bank."""
    if contestant.euclidean:
        mean, deviation = bank.mean(0), bank.std(0) + 1e-6
        bank, queries = (bank - mean) / deviation, [(query - mean) / deviation for query in queries]
        make_index: Callable[[int], faiss.Index] = faiss.IndexFlatL2
    else:
        bank, queries = unit_length(bank), [unit_length(query) for query in queries]
        make_index = faiss.IndexFlatIP
    coarse, exact = make_index(bank.shape[1]), make_index(bank.shape[1])
    coarse.add(np.ascontiguousarray(np.random.default_rng(0).permutation(bank)[::COARSE_SHARE]))
    exact.add(np.ascontiguousarray(bank))
    return [_mean_of_largest(query, coarse, exact, contestant.euclidean) for query in queries]


def _mean_of_largest(query: Rows, coarse: faiss.Index, exact: faiss.Index, euclidean: bool) -> float:
    """Mean of the largest 1 % of the exact distances; a distance to a part of the bank bounds the exact one above, so
    patches are searched exactly in order of that bound until no other can be among the largest."""

    def distance(index: faiss.Index, rows: Rows) -> Rows:
        found = index.search(np.ascontiguousarray(rows), 1)[0][:, 0]
        return np.asarray(np.sqrt(np.maximum(found, 0)) if euclidean else np.clip(1 - found, 0, 2))

    count = max(1, int(TOP_SHARE * len(query)))
    bounds = distance(coarse, query)
    order, largest = np.argsort(-bounds), np.zeros(0, np.float32)
    for start in range(0, len(order), EXACT_CHUNK):
        if len(largest) == count and largest[0] >= bounds[order[start]]:
            break
        found = distance(exact, query[order[start : start + EXACT_CHUNK]])
        largest = np.sort(np.concatenate([largest, found]))[-count:]
    return float(largest.mean())


def aurocs(contestant: Contestant, folder: Path, shots: int, seeds: Sequence[int]) -> dict[int, float]:
    """Image AUROC on one object for every seed that it has enough references for."""
    references = sorted((folder / "train/good").iterdir())
    feasible = [seed for seed in seeds if (seed + 1) * shots <= len(references)]
    tests = sorted((folder / "test").glob("*/*"))
    defective = [path.parent.name != "good" for path in tests]
    queries = [features(contestant.backbone, image_from(path)) for path in tests]
    found = {}
    for seed in feasible:
        images = [image_from(path) for path in references[seed * shots : (seed + 1) * shots]]
        turned = [rotate(image, angle_deg) for image in images for angle_deg in ROTATION_ANGLES_DEG]
        bank = np.concatenate([features(contestant.backbone, image) for image in turned])
        found[seed] = float(roc_auc_score(defective, scores(contestant, bank, queries)))
        sys.stderr.write(f"{contestant.name}, {folder.name}, seed {seed}: {found[seed]:.4f}\n")
    return found


def milliseconds(backbone: Backbone) -> float:
    """Median time of one 448×448 image."""
    side = SMALLER_EDGE // backbone.spec.patch_size * backbone.spec.patch_size
    image = np.random.default_rng(0).random((1, 3, side, side), np.float32)
    backbone.extract(image)
    times_s = []
    for _ in range(TIMED_RUNS):
        start_s = time.perf_counter()
        backbone.extract(image)
        times_s.append(time.perf_counter() - start_s)
    return 1000 * statistics.median(times_s)


def report(arguments: argparse.Namespace) -> Iterable[str]:
    folders = sorted(path for path in arguments.root.iterdir() if (path / "train/good").is_dir())
    versions = {"python": platform.python_version(), "numpy": np.__version__, "opencv": cv2.__version__}
    versions |= {"pillow": PIL.__version__, "torch": torch.__version__, "faiss": faiss.__version__}
    versions |= {"timm": timm.__version__}
    yield f"{platform.machine()}, {arguments.threads} thread(s); " + ", ".join(f"{k} {v}" for k, v in versions.items())
    yield f"image AUROC, {arguments.shots} shots, smaller edge {SMALLER_EDGE}, 8 rotations, no mask"
    for contestant in contestants(arguments.weights, arguments.untrained):
        if not contestant.name.startswith(tuple(arguments.only)):
            continue
        found = [aurocs(contestant, folder, arguments.shots, arguments.seeds) for folder in folders]
        means = [statistics.fmean(each.values()) for each in found]
        yield f"\n{contestant.name}: mean {statistics.fmean(means):.3f}, {milliseconds(contestant.backbone):.0f} ms"
        for folder, each, mean in zip(folders, found, means, strict=True):
            seeds = "  ".join(f"seed {seed} {auroc:.3f}" for seed, auroc in each.items())
            yield f"  {folder.name:<14} {mean:.3f}   {seeds}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Image AUROC of the embedded backbone and what it is compared with.")
    parser.add_argument("root", type=Path, help="folder of objects in MVTec's layout")
    parser.add_argument("--weights", type=Path, required=True, help="folder of vit_tiny_patch16_224.safetensors")
    parser.add_argument("--shots", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--untrained", type=int, nargs="*", default=[0, 1], help="seeds of untrained ViT-Tinys")
    parser.add_argument("--only", nargs="+", default=[""], help="beginnings of the names to measure")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    faiss.omp_set_num_threads(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    for line in report(arguments):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
