"""An evaluation on the embedded backbone, with its forward passes counted."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.assembly import load_backbone
from app.engine.backbone.backbone import Backbone
from app.engine.backbone.spec import BackboneSpec
from app.evaluate.dataset import object_names
from app.evaluate.kept.results import Run, ScoredRow
from app.evaluate.kept.run_folder import RunFolder
from app.evaluate.planned.choices import Choices, variants
from app.evaluate.planned.plan import Plan, Shots
from app.evaluate.planned.variant import Variant
from app.evaluate.runner import Machine, evaluate
from app.settings import load_settings
from app.weights.registry import load_registry

EDGE = 112


@dataclass
class Counted:
    """A backbone that counts the images that go through it."""

    inner: Backbone
    images: int = 0
    spec: BackboneSpec = field(init=False)
    engine: str = field(init=False)
    precision: str = field(init=False)

    def __post_init__(self) -> None:
        self.spec, self.engine, self.precision = self.inner.spec, self.inner.engine, self.inner.precision
        self.pause, self.batches = self.inner.pause, self.inner.batches

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        self.images += len(inputs)
        return self.inner.extract(inputs)


@dataclass
class Silent:
    """No progress is shown; what was announced and done is kept."""

    steps: int = 0
    done: int = 0

    def begin(self, steps: int) -> None:
        self.steps = steps

    def at(self, what: str) -> None:
        pass

    def advance(self, steps: int) -> None:
        self.done += steps


def embedded() -> Counted:
    return Counted(load_backbone(load_registry().spec("embedded"), load_settings(), "cpu"))


FEW_SHOT = Choices("few-shot", ["embedded"], [EDGE], ["agnostic_no_mask"], None, None, "robust", ["mean_top1p"], [])


def chosen(choices: Choices = FEW_SHOT) -> tuple[Variant, ...]:
    return variants(choices, lambda _name: "float32")


def run(
    root: Path,
    out: Path,
    backbone: Backbone,
    shots: tuple[Shots, ...] = (1,),
    seeds: int = 1,
    choices: Choices = FEW_SHOT,
    progress: Silent | None = None,
) -> list[ScoredRow]:
    """All rows in `out` after an evaluation of every object below `root`."""
    counts = shots if choices.mode == "few-shot" else ()
    plan = Plan(root, tuple(object_names(root)), chosen(choices), counts, seeds)
    about = Run("trial", {}, {}, (), (), (), {})
    evaluate(plan, RunFolder(out), Machine(lambda _name: backbone, "cpu", 2), about, progress or Silent())
    return RunFolder(out).rows()
