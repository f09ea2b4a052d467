"""The colour scale of a bank in a report is the service's."""

from pathlib import Path

import numpy as np
import pytest

from app.engine.bank import MemoryBank
from app.engine.detector import reference_segment
from app.engine.options import Preprocessing
from app.evaluate.dataset import load_object, read_image
from app.evaluate.extraction import Extractor
from app.evaluate.measure import measure
from app.evaluate.needs import missing
from app.evaluate.plan import Draw, needs
from app.evaluate.rows import bank_scale, seen
from app.evaluate.run_folder import RunFolder
from app.evaluate.stages import StageTimes
from tests.evaluate.machine import EDGE, chosen, embedded
from tests.evaluate.trees import mvtec_object


def test_the_scale_is_twice_the_largest_leave_one_out_distance(tmp_path: Path) -> None:
    mvtec_object(tmp_path, "disc")
    data, backbone, (variant,) = load_object(tmp_path, "disc", needs_references=True), embedded(), chosen()
    draw, single = Draw(3, 0, data.train[:3]), Draw(1, 0, data.train[:1])
    cache = RunFolder(tmp_path / "out").cache(data, variant)
    extractor = Extractor(backbone, EDGE, "cpu", 2, StageTimes())
    wanted = missing(needs([(variant, draw), (variant, single)], data), data, cache)
    measured = measure(wanted, extractor, cache, lambda _steps: None)
    parts = [reference_segment(read_image(path), Preprocessing(EDGE), backbone) for path in draw.references]
    others = [MemoryBank(parts[:left] + parts[left + 1 :], "cpu") for left in range(3)]
    expected = 2 * max(float(np.max(bank.nearest(part.upright)[0])) for part, bank in zip(parts, others, strict=True))
    several, alone = (seen(variant, each, data, measured) for each in (draw, single))
    assert bank_scale(several, variant.profile) == pytest.approx(expected, abs=1e-6)
    assert bank_scale(alone, variant.profile) is None
