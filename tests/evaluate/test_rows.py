"""The colour scale and the threshold of a bank are the service's."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.engine.bank import left_out as module
from app.engine.bank.bank import MemoryBank
from app.engine.detector import reference_segment
from app.engine.options import Preprocessing
from app.engine.verdict.calibration import Threshold
from app.evaluate.dataset import load_object, read_image
from app.evaluate.kept.results import Verdicts
from app.evaluate.kept.run_folder import RunFolder
from app.evaluate.measured.extraction import Extractor
from app.evaluate.measured.measure import measure
from app.evaluate.measured.needs import missing
from app.evaluate.measured.stages import StageTimes
from app.evaluate.planned.choices import Choices
from app.evaluate.planned.plan import Draw, Shots, needs
from app.evaluate.rows import bank_scale, seen
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import load_settings
from tests.api.tiny_backbone import tiny_backbone
from tests.api.tiny_service import tiny_service
from tests.evaluate.machine import EDGE, FEW_SHOT, Counted, chosen, embedded, run
from tests.evaluate.trees import mvtec_object
from tests.service.inspection.test_inspection import disc


def test_the_scale_is_twice_the_largest_leave_one_out_distance(tmp_path: Path) -> None:
    mvtec_object(tmp_path, "disc")
    data, backbone, (variant,) = load_object(tmp_path, "disc", needs_references=True), embedded(), chosen()
    draw, single = Draw(3, 0, data.train[:3]), Draw(1, 0, data.train[:1])
    cache = RunFolder(tmp_path / "out").cache(data, variant)
    extractor = Extractor(backbone, Preprocessing(EDGE), "cpu", 2, StageTimes())
    wanted = missing(needs([(variant, draw), (variant, single)], data), data, cache)
    measured = measure(wanted, extractor, cache, lambda _steps: None)
    parts = [reference_segment(read_image(path), Preprocessing(EDGE), backbone) for path in draw.references]
    others = [MemoryBank(parts[:left] + parts[left + 1 :], "cpu") for left in range(3)]
    expected = 2 * max(float(np.max(bank.nearest(part.upright)[0])) for part, bank in zip(parts, others, strict=True))
    several, alone = (seen(variant, each, data, measured) for each in (draw, single))
    assert bank_scale(several, variant.profile) == pytest.approx(expected, abs=1e-6)
    assert bank_scale(alone, variant.profile) is None


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = tiny_service(load_settings(data_dir=tmp_path / "store", smaller_edge=EDGE))
    yield made
    made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An object whose references differ in size."""
    folder = mvtec_object(tmp_path / "data", "disc")
    for number, radius in enumerate((29, 30, 31, 4, 28)):
        (folder / f"train/good/{number:03d}.png").write_bytes(disc(radius))
    return tmp_path / "data"


def service_says(service: Service, root: Path, references: int, settings: dict[str, object]) -> Threshold | None:
    """The threshold of an inspection, with its promise, after the first references were registered."""
    service.products.create("disc", settings)
    photographs = sorted((root / "disc/train/good").iterdir())[:references]
    service.references.add("disc", [Upload(each.read_bytes()) for each in photographs])
    test = (root / "disc/test/good/000.png").read_bytes()
    return service.inspection.inspect("disc", test, InspectionRequest(heatmap=None)).judgement.promise


def evaluated(root: Path, shots: tuple[Shots, ...], choices: Choices = FEW_SHOT) -> list[Verdicts]:
    rows = run(root, root.parent / "out", Counted(tiny_backbone()), shots=shots, choices=choices)
    return [each.row.verdicts for each in rows]


@pytest.mark.parametrize(
    ("choices", "settings"),
    [
        (FEW_SHOT, {"masking": "off"}),
        (replace(FEW_SHOT, masking="on"), {"masking": "on"}),
        (replace(FEW_SHOT, masking="on", rotation="off"), {"masking": "on", "rotation": "off"}),
        (replace(FEW_SHOT, masking="auto"), {"masking": "auto"}),
        (replace(FEW_SHOT, statistics=["max"]), {"masking": "off", "statistic": "max"}),
        (replace(FEW_SHOT, profile="paper"), {"masking": "off", "profile": "paper"}),
    ],
    ids=["plain", "masked", "masked, not rotated", "masking test", "max", "paper"],
)
def test_the_threshold_is_that_of_a_service_with_the_same_references(
    service: Service, root: Path, choices: Choices, settings: dict[str, object]
) -> None:
    (verdicts,) = evaluated(root, (4,), choices)
    expected = service_says(service, root, 4, settings)
    assert expected is not None
    assert verdicts.threshold == pytest.approx(expected.value, abs=1e-6)
    assert (
        verdicts.promised_false_alarm_rate == expected.expected_false_alarm_rate == 1 / 4
    )  # one of the four is unlike the others


def test_a_mask_that_the_other_references_do_not_bear_out_is_not_trusted(service: Service, root: Path) -> None:
    (root / "disc/train/good/003.png").write_bytes(disc(55))
    (verdicts,) = evaluated(root, (4,), replace(FEW_SHOT, masking="on"))
    expected = service_says(service, root, 4, {"masking": "on"})
    assert expected is not None
    assert verdicts.threshold == pytest.approx(expected.value, abs=1e-6)


@pytest.mark.parametrize(
    ("shots", "choices", "settings"),
    [
        (2, FEW_SHOT, {"masking": "off"}),
        (4, replace(FEW_SHOT, masking="on", profile="paper"), {"masking": "on", "profile": "paper"}),
    ],
    ids=["two references", "masks of the paper"],
)
def test_where_the_service_has_no_threshold_there_is_none(
    service: Service, root: Path, shots: int, choices: Choices, settings: dict[str, object]
) -> None:
    (verdicts,) = evaluated(root, (shots,), choices)
    assert service_says(service, root, shots, settings) is None
    assert (verdicts.threshold, verdicts.promised_false_alarm_rate, verdicts.detection_rate) == (None, None, None)
    assert verdicts.oracle_detection_rate is not None


def test_of_very_many_references_those_of_the_service_are_compared(
    service: Service, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPARED_REFERENCES", 3)
    of_four, of_all = evaluated(root, (4, "full"))
    expected = service_says(service, root, 4, {"masking": "off"})
    assert expected is not None
    assert of_four.threshold == pytest.approx(expected.value, abs=1e-6)
    assert of_four.promised_false_alarm_rate == of_all.promised_false_alarm_rate == 1 / 4


def test_without_references_there_is_no_threshold(root: Path) -> None:
    (verdicts,) = evaluated(root, (), replace(FEW_SHOT, mode="zero-shot", aggregations=["quantile"]))
    assert (verdicts.threshold, verdicts.false_alarm_rate) == (None, None)
