"""Real photographs, evaluated as the authors' own code evaluates them: ViT-Tiny, 448 px, rotations, no mask."""

import json
from pathlib import Path

import pytest

from app.assembly import load_backbone
from app.evaluate.kept.results import Run
from app.evaluate.kept.run_folder import RunFolder
from app.evaluate.planned.choices import Choices, variants
from app.evaluate.planned.plan import Plan
from app.evaluate.runner import Machine, evaluate
from app.settings import load_settings
from app.weights.registry import load_registry
from tests.evaluate.machine import Silent
from tests.shared import SHARED, needs_shared

BACKBONE = "vit_tiny_patch16_224"
EXACT = ("image_auroc", "image_ap", "image_f1_max", "pixel_auroc", "pro")


@needs_shared
@pytest.mark.parametrize(
    "name", ["hazelnut", *(pytest.param(each, marks=pytest.mark.long) for each in ("cookies", "transistor"))]
)
def test_every_metric_is_that_of_the_authors_code(name: str, tmp_path: Path) -> None:
    settings = load_settings(weights_dir=SHARED / "weights")
    backbone = load_backbone(load_registry().spec(BACKBONE), settings, "cpu")
    choices = Choices("few-shot", [BACKBONE], [448], ["agnostic_no_mask"], None, None, "paper", ["mean_top1p"], [])
    plan = Plan(SHARED / "data", (name,), variants(choices, lambda _name: "float32"), (1,), 2)
    about = Run("trial", {}, {}, (), (), (), {})
    evaluate(plan, RunFolder(tmp_path), Machine(lambda _name: backbone, "cpu", 2), about, Silent())
    rows = json.loads((SHARED / "golden" / "official_vit_tiny_metrics.json").read_text())
    theirs = {row["seed"]: row for row in rows if (row["object"], row["shots"]) == (name, 1)}
    for scored in RunFolder(tmp_path).rows():
        ours, expected = scored.row.flat(), theirs[scored.row.seed]
        assert {key: ours[key] for key in EXACT} == pytest.approx({key: expected[key] for key in EXACT}, abs=1e-5)
        assert ours["pixel_f1_max"] == pytest.approx(expected["pixel_f1_max_every_3rd"], abs=0.01)
        first = [each.score for each in scored.scores[: len(expected["first_scores"])]]
        assert first == pytest.approx(expected["first_scores"], abs=1e-5)
