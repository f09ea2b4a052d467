"""A bank made in one arithmetic and a server that computes in another: it serves, says so, and is never mixed."""

from collections.abc import Callable, Iterator

import pytest

from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.settings import Settings
from tests.api.photographs import photograph
from tests.api.tiny_backbone import tiny_backbone
from tests.api.tiny_service import tiny_service
from tests.service.conftest import active, upload

PLAIN = InspectionRequest(heatmap=None)
Start = Callable[[str], Service]


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Ends the server before, and starts one on the same store in a precision."""
    running: list[Service] = []

    def started(precision: str) -> Service:
        while running:
            running.pop().close()
        running.append(tiny_service(settings, backbone=tiny_backbone(precision)))
        return running[0]

    yield started
    while running:
        running.pop().close()


@pytest.fixture
def elsewhere(start: Start) -> Service:
    """Three references by float32, and a server of now in bfloat16."""
    start("float32").references.add("flange", [upload(each) for each in range(1, 4)])
    return start("bfloat16")


def is_flagged(service: Service) -> bool:
    return "other_precision" in service.inspection.inspect("flange", photograph(9), PLAIN).flags


def test_the_answer_and_the_product_say_so(elsewhere: Service) -> None:
    assert is_flagged(elsewhere)
    assert elsewhere.products.view("flange").rebuild_needed


def test_nothing_is_said_where_nothing_differs(start: Start) -> None:
    start("bfloat16").references.add("flange", [upload(1)])
    again = start("bfloat16")
    assert not is_flagged(again)
    assert not again.products.view("flange").rebuild_needed


def test_a_rebuild_puts_it_right(elsewhere: Service) -> None:
    rebuilt = elsewhere.banks.rebuild("flange")
    assert (rebuilt.engine, rebuilt.precision) == ("torch", "bfloat16")
    assert not is_flagged(elsewhere)
    assert not elsewhere.products.view("flange").rebuild_needed


def test_a_further_reference_makes_all_of_them_again(elsewhere: Service) -> None:
    before = active(elsewhere)
    elsewhere.references.add("flange", [upload(4)])
    after = active(elsewhere)
    assert after.precision == "bfloat16"
    assert not {each.segment for each in before.references} & {each.segment for each in after.references}


def test_a_deletion_keeps_what_there_is(elsewhere: Service) -> None:
    before = active(elsewhere)
    elsewhere.references.remove("flange", before.references[0].sha256)
    after = active(elsewhere)
    assert after.precision == "float32"
    assert after.references == before.references[1:]
    assert is_flagged(elsewhere)


def test_a_setting_that_makes_no_features_leaves_the_bank(elsewhere: Service) -> None:
    before = active(elsewhere)
    assert elsewhere.products.change("flange", {"alpha": 0.2}).rebuild_needed
    assert active(elsewhere) == before
