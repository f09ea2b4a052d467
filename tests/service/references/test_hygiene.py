"""What is said of references when they are registered, and what can be done about it."""

import cv2
import numpy as np
import pytest

from app.engine.bank import left_out
from app.engine.heatmap import encode_png
from app.errors import NoReferences, UnfitReference
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings
from tests.api.tiny_service import tiny_service
from tests.evaluate.trees import defective, part
from tests.service.conftest import upload

PRODUCT = "flange"


def good(seed: int) -> Upload:
    return Upload(encode_png(part(seed)), f"good-{seed}.png")


def blurred(seed: int) -> Upload:
    return Upload(encode_png(np.asarray(cv2.GaussianBlur(part(seed), (0, 0), 4), np.uint8)), "blurred.png")


def kinds(service: Service, *uploads: Upload) -> list[list[str]]:
    registered = service.references.add(PRODUCT, uploads)
    return [[each.kind for each in registered.findings.get(sha256, ())] for sha256 in registered.received]


@pytest.fixture
def registered(service: Service) -> Service:
    service.products.create(PRODUCT, {"masking": "off", "rotation": "off"})
    service.references.add(PRODUCT, [good(seed) for seed in range(4)])
    return service


def test_a_blurred_photograph_is_told_and_registered(registered: Service) -> None:
    told = registered.references.add(PRODUCT, [good(10), blurred(11)])
    assert [[each.kind for each in told.findings[sha256]][:1] for sha256 in told.received] == [[], ["blurred"]]
    assert len(told.manifest.references) == 6


def test_what_is_unfit_is_refused_if_that_is_asked_for_and_nothing_is_registered(registered: Service) -> None:
    with pytest.raises(UnfitReference, match=r"blurred\.png: The photograph is blurred.*Nothing was registered"):
        registered.references.add(PRODUCT, [good(10), blurred(11)], refuse_unfit=True)
    assert len(registered.references.entries(PRODUCT)) == 4
    assert registered.references.add(PRODUCT, [good(10)], refuse_unfit=True).manifest.version == 2


def test_a_near_duplicate_names_the_other(registered: Service) -> None:
    copy = Upload(cv2.imencode(".jpg", part(2)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes(), "copy.jpg")
    told = registered.references.add(PRODUCT, [copy])
    [finding] = told.findings[told.received[0]]
    assert finding.kind == "near_duplicate"
    assert finding.other == registered.references.entries(PRODUCT)[2].sha256


@pytest.mark.usefixtures("registered")
def test_photographs_are_compared_with_those_of_before_a_restart(settings: Settings) -> None:
    small = Upload(encode_png(part(20, (72, 80))), "small.png")
    another = tiny_service(settings)
    assert kinds(another, small)[0][0] == "different_size"
    another.close()


def test_a_part_with_a_defect_stands_out(registered: Service) -> None:
    registered.references.add(PRODUCT, [good(seed) for seed in range(4, 7)])
    told = registered.references.add(PRODUCT, [Upload(encode_png(defective(50)), "bad.png")], refuse_unfit=True)
    [finding] = told.findings[told.received[0]]
    assert finding.kind == "outlier"
    assert finding.numbers["suspicion"] > finding.numbers["limit"]


def test_quality_tells_of_every_reference_what_it_adds(registered: Service) -> None:
    registered.references.add(PRODUCT, [Upload(encode_png(defective(50)), "bad.png")])
    quality = registered.hygiene.quality(PRODUCT)
    names = [entry.sha256 for entry in quality.manifest.references]
    assert list(quality.findings) == list(quality.suspicions) == list(quality.adds) == names
    assert max(quality.suspicions, key=lambda name: quality.suspicions[name]) == names[4]
    assert [each.kind for each in quality.findings[names[4]]] == ["outlier"]
    assert quality.coverage is not None
    assert len(quality.coverage.scores) == 4
    assert list(quality.coverage.scores) == sorted(quality.coverage.scores, reverse=True)


def test_of_very_many_references_those_are_told_that_were_compared_with_the_others(
    registered: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_out, "COMPARED_REFERENCES", 3)
    registered.references.add(PRODUCT, [good(4), good(5)])
    quality = registered.hygiene.quality(PRODUCT)
    assert quality.coverage is not None
    assert set(quality.adds) == set(quality.suspicions)
    assert len(quality.adds) == 3


def test_two_references_have_no_coverage(service: Service) -> None:
    service.products.create(PRODUCT, {"masking": "off"})
    with pytest.raises(NoReferences):
        service.hygiene.quality(PRODUCT)
    service.references.add(PRODUCT, [upload(1), upload(2)])
    assert service.hygiene.quality(PRODUCT).coverage is None


def test_the_oddest_are_left_out_of_a_new_version(registered: Service) -> None:
    registered.references.add(PRODUCT, [Upload(encode_png(defective(50)), "bad.png")])
    bad = registered.references.entries(PRODUCT)[4].sha256
    assert registered.hygiene.trim(PRODUCT, 0.2, dry_run=True).removed == (bad,)
    assert len(registered.references.entries(PRODUCT)) == 5
    trimmed = registered.hygiene.trim(PRODUCT, 0.2, dry_run=False)
    assert (trimmed.removed, trimmed.manifest.version) == ((bad,), 3)
    assert bad not in {entry.sha256 for entry in registered.references.entries(PRODUCT)}
    assert registered.banks.activate(PRODUCT, 2).references[4].sha256 == bad
