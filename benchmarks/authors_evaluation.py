"""A whole evaluation by the authors' own code: their functions, in the loops of their script, on a network of ours.

    python -m benchmarks.authors_evaluation DATA_ROOT --out FOLDER --weights FILE --authors CHECKOUT --shots … --seeds N

Their script knows only the objects of MVTec-AD and VisA, only networks that it downloads, and needs a GPU to wait for.
Replaced is just that: the list of objects, the network (ViT-Tiny by timm), the waiting.
"""

import argparse
import contextlib
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import load_file
from torchvision import transforms

PATCH_SIZE = 16


def main() -> None:
    arguments = _arguments()
    os.environ["MPLBACKEND"] = "Agg"
    sys.path.insert(0, str(arguments.authors))
    detection, post_eval = importlib.import_module("src.detection"), importlib.import_module("src.post_eval")
    nothing: Any = lambda: None  # noqa: E731
    torch.cuda.synchronize = nothing
    model = _model(importlib.import_module("src.backbones"), arguments.weights)
    rows = []
    for shots in arguments.shots:
        for seed in range(arguments.seeds):
            names = [name for name in arguments.objects if _enough(arguments.data, name, shots, seed)]
            folder = arguments.out / f"{shots}-shot"
            for name in names:
                _detect(detection, model, arguments.data, name, shots, seed, folder)
                auroc = _evaluate(post_eval, arguments.data, name, folder / f"anomaly_maps/seed={seed}")
                rows.append((name, shots, seed, auroc))
    (arguments.out / "rows.json").write_text(json.dumps(rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--authors", type=Path, required=True)
    parser.add_argument("--shots", type=int, nargs="+", required=True)
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--objects", nargs="+", required=True)
    return parser.parse_args()


class _Network(torch.nn.Module):
    """ViT-Tiny, asked as they ask DINOv2."""

    patch_size = PATCH_SIZE

    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.vit: Any = timm.create_model("vit_tiny_patch16_224", num_classes=0, dynamic_img_size=True)
        self.vit.load_state_dict(load_file(weights), strict=False)

    def get_intermediate_layers(self, batch: torch.Tensor) -> list[torch.Tensor]:
        return [self.vit.forward_features(batch)[:, 1:]]


def _model(backbones: Any, weights: Path) -> Any:
    class Wrapper(backbones.DINOv2Wrapper):  # type: ignore[misc]
        def load_model(self) -> torch.nn.Module:
            bicubic = transforms.InterpolationMode.BICUBIC
            resize = transforms.Resize(size=self.smaller_edge_size, interpolation=bicubic, antialias=True)
            self.transform = transforms.Compose(
                [resize, transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))]
            )
            return _Network(weights).eval()

    return Wrapper("vit_tiny", "cpu", 448)


def _enough(data: Path, name: str, shots: int, seed: int) -> bool:
    return len(list((data / name / "train" / "good").iterdir())) >= (seed + 1) * shots


def _detect(detection: Any, model: Any, data: Path, name: str, shots: int, seed: int, folder: Path) -> None:
    kinds = [each.name for each in (data / name / "test").iterdir() if each.name != "good"]
    detection.run_anomaly_detection(
        model,
        name,
        data_root=str(data),
        n_ref_samples=shots,
        object_anomalies={name: kinds},
        plots_dir=str(folder),
        save_examples=False,
        masking=False,
        rotation=True,
        seed=seed,
        faiss_on_cpu=True,
        save_patch_dists=True,
        save_tiffs=True,
    )


def _evaluate(post_eval: Any, data: Path, name: str, maps: Path) -> float:
    truth, predictions = post_eval.parse_dataset_files(name, str(data), str(maps))
    auroc, _, _ = post_eval.eval_classification(truth, predictions)
    with contextlib.suppress(ValueError):  # images of several sizes
        post_eval.eval_segmentation(truth, predictions)
    return float(auroc)


if __name__ == "__main__":
    main()
