"""Better banks from confirmed false alarms, over HTTP: proposed, looked at, taken."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.opened_store import opened_pictures, opened_records
from app.settings import Settings, load_settings
from tests.api.photographs import odd_part, photograph
from tests.api.tiny_service import tiny_service
from tests.waiting import wait_until

REFERENCES, PARTS = range(3), range(3, 15)
THRESHOLD = 0.31
"""About half of the parts lie above."""

FLANGE = "/products/flange"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "store", smaller_edge=112, keep_versions=4)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    service = tiny_service(settings, records=opened_records(settings), pictures=opened_pictures(settings))
    with TestClient(create_app(settings, service), client=("127.0.0.1", 50000)) as client:
        client.put(FLANGE, json={"settings": {"keep_pictures": "all"}}).raise_for_status()
        for number in REFERENCES:
            client.post(f"{FLANGE}/references", content=photograph(number)).raise_for_status()
        yield client


def hold(client: TestClient, threshold: float | None = THRESHOLD) -> None:
    """A threshold that no bank version changes."""
    version = client.get(FLANGE).json()["bank_version"]
    held = threshold and {"value": threshold, "bank_version": version}
    client.patch(FLANGE, json={"settings": {"threshold": held}}).raise_for_status()


def inspected(client: TestClient, numbers: Sequence[int] = PARTS) -> list[dict[str, Any]]:
    answers = [client.post(f"{FLANGE}/inspect?heatmap=none", content=photograph(number)) for number in numbers]
    return [answer.raise_for_status().json() for answer in answers]


def call(client: TestClient, inspections: Sequence[dict[str, Any]], truth: str) -> None:
    for each in inspections:
        path = f"/inspections/{each['inspection_id']}/feedback"
        client.post(path, json={"truth": truth}).raise_for_status()


def rejected(inspections: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in inspections if each["verdict"] == "not_ok"]


def job_of(client: TestClient) -> dict[str, Any]:
    """The job of a proposal, once it has ended."""
    asked = client.post(f"{FLANGE}/improvements")
    assert asked.status_code == 202
    path = asked.headers["Location"]
    wait_until(lambda: client.get(path).json()["state"] not in ("queued", "running"))
    ended: dict[str, Any] = client.get(path).json()
    return ended


def proposed(client: TestClient) -> dict[str, Any]:
    job = job_of(client)
    assert (job["state"], job["error"]) == ("succeeded", None)
    assert job["proposed"]["product_id"] == "flange"
    told: dict[str, Any] = client.get(f"{FLANGE}/improvements/{job['proposed']['number']}").json()
    return told


def refused(client: TestClient, number: int, query: str = "") -> str:
    answer = client.post(f"{FLANGE}/improvements/{number}/activate{query}")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    return str(answer.json()["detail"])


def test_a_proposal_has_false_alarms_as_references_and_does_not_serve(client: TestClient) -> None:
    hold(client)
    alarms = rejected(inspected(client))
    call(client, alarms[:2], "good")
    told = proposed(client)
    assert {each["inspection_id"] for each in told["added"]} == {each["inspection_id"] for each in alarms[:2]}
    assert (told["number"], told["base_version"], told["state"], told["left_out"]) == (4, 3, "open", [])
    assert client.get(FLANGE).json()["bank_version"] == 3
    bank = client.get(f"{FLANGE}/banks/4").json()
    assert (bank["reason"], bank["reference_count"]) == ("proposal", 5)
    assert client.post(f"{FLANGE}/banks/4/activate").status_code == 409


def test_the_flips_are_what_happens_when_the_same_photographs_are_sent_again(client: TestClient) -> None:
    hold(client)
    before = inspected(client)
    call(client, rejected(before)[:3], "good")
    told = proposed(client)
    assert told["evaluated"] == {"photographs": len(PARTS), "inspections": len(PARTS), "without_picture": 0}
    client.post(f"{FLANGE}/improvements/{told['number']}/activate").raise_for_status()
    pairs = list(zip(before, inspected(client), strict=True))
    happened = {
        was["inspection_id"]: (was["verdict"], became["verdict"], was["score"], became["score"])
        for was, became in pairs
        if was["verdict"] != became["verdict"]
    }
    flips = {
        each["inspection_id"]: (each["before"], each["after"], each["score_before"], each["score_after"])
        for each in told["flips"]
    }
    assert len(happened) > 3
    assert flips == happened


def test_flips_of_parts_that_were_called_bad_come_first(client: TestClient) -> None:
    hold(client)
    alarms = rejected(inspected(client))
    call(client, alarms[:3], "good")
    flipped = [each["inspection_id"] for each in proposed(client)["flips"] if not each["is_added"]]
    call(client, [{"inspection_id": flipped[-1]}], "bad")
    told = proposed(client)
    assert told["flips"][0]["inspection_id"] == flipped[-1]
    assert [each["truth"] for each in told["flips"][-3:]] == ["good"] * 3


def test_what_was_taken_is_taken_back_as_any_version(client: TestClient) -> None:
    hold(client)
    call(client, rejected(inspected(client))[:2], "good")
    number = proposed(client)["number"]
    bank = client.post(f"{FLANGE}/improvements/{number}/activate").json()
    assert (bank["version"], bank["parent"], bank["reason"]) == (number + 1, 3, "improvement")
    assert client.get(f"{FLANGE}/improvements/{number}").json()["state"] == "active"
    again = client.post(f"{FLANGE}/improvements/{number}/activate").json()
    assert again["version"] == bank["version"]
    client.post(f"{FLANGE}/banks/3/activate").raise_for_status()
    assert client.get(FLANGE).json()["bank_version"] == 3
    assert client.get(f"{FLANGE}/improvements/{number}").json()["state"] == "open"


def another_reference(client: TestClient) -> None:
    client.post(f"{FLANGE}/references", content=photograph(50)).raise_for_status()


def another_threshold(client: TestClient) -> None:
    hold(client, 0.32)


def another_truth(client: TestClient) -> None:
    [first, *_] = client.get("/inspections?truth=good").json()["inspections"]
    call(client, [first], "bad")


def another_calibration_image(client: TestClient) -> None:
    client.post(f"{FLANGE}/calibration/images?is_good=true", content=photograph(50)).raise_for_status()


@pytest.mark.parametrize("change", [another_reference, another_threshold, another_calibration_image, another_truth])
def test_a_proposal_of_what_is_no_more_is_refused(client: TestClient, change: Any) -> None:
    hold(client)
    call(client, rejected(inspected(client))[:2], "good")
    number = proposed(client)["number"]
    change(client)
    assert client.get(f"{FLANGE}/improvements/{number}").json()["state"] == "outdated"
    assert "Ask for another one" in refused(client, number)


def test_a_threshold_rises_only_where_that_is_asked_for(client: TestClient) -> None:
    alarm = client.post(f"{FLANGE}/inspect?heatmap=none", content=odd_part()).json()
    assert alarm["verdict"] == "not_ok"
    call(client, [alarm], "good")
    told = proposed(client)
    before, after = told["before"]["threshold"], told["after"]["threshold"]
    assert (before, after > before, told["raises_threshold"]) == (alarm["threshold"], True, True)
    assert "threshold would rise" in refused(client, told["number"], "?fewer_found=true")
    client.post(f"{FLANGE}/improvements/{told['number']}/activate?higher_threshold=true").raise_for_status()
    assert client.get(f"{FLANGE}/calibration").json()["threshold"] == after


def test_a_bad_part_passes_only_where_that_is_asked_for(client: TestClient) -> None:
    hold(client)
    alarms = rejected(inspected(client))
    call(client, alarms[:3], "good")
    flipped = [each for each in proposed(client)["flips"] if not each["is_added"]]
    call(client, flipped[:1], "bad")
    told = proposed(client)
    assert told["finds_fewer"]
    assert (told["before"]["detection"]["found"], told["after"]["detection"]["found"]) == (1, 0)
    assert "A bad part that was shown would pass" in refused(client, told["number"])
    client.post(f"{FLANGE}/improvements/{told['number']}/activate?fewer_found=true").raise_for_status()


def test_a_part_that_is_called_bad_later_makes_a_proposal_outdated(client: TestClient) -> None:
    hold(client)
    alarms = rejected(inspected(client))
    call(client, alarms[:3], "good")
    told = proposed(client)
    passing = [each for each in told["flips"] if not each["is_added"]]
    call(client, passing[:1], "bad")
    assert "what people say of the parts" in refused(client, told["number"], "?higher_threshold=true")
    assert client.get(f"{FLANGE}/improvements/{told['number']}").json()["state"] == "outdated"


def test_what_may_not_be_a_reference_is_left_out_with_its_reason(client: TestClient, settings: Settings) -> None:
    hold(client)
    alarms = rejected(inspected(client))[:3]
    calibrating, lost, added = (each["inspection_id"] for each in alarms)
    image = client.get(f"/inspections/{calibrating}/image").content
    client.post(f"{FLANGE}/calibration/images?is_good=true", content=image).raise_for_status()
    [picture] = (settings.store_dir / "pictures").rglob(f"{lost}.png")
    picture.unlink()
    call(client, alarms, "good")
    told = proposed(client)
    assert [each["inspection_id"] for each in told["added"]] == [added]
    assert {each["inspection_id"]: each["reason"] for each in told["left_out"]} == {
        calibrating: "calibration_image",
        lost: "no_picture",
    }
    assert told["evaluated"]["without_picture"] == 1


def test_what_is_all_but_the_same_is_left_out(client: TestClient) -> None:
    hold(client)
    [first] = inspected(client, [3])
    answer = client.post(f"{FLANGE}/inspect?heatmap=none", content=photograph(3, suffix=".bmp")).json()
    call(client, [first, answer], "good")
    told = proposed(client)
    [left_out] = told["left_out"]
    assert (left_out["reason"], left_out["other"]) == ("near_duplicate", told["added"][0]["sha256"])


def test_a_photograph_that_was_called_bad_too_is_no_false_alarm(client: TestClient) -> None:
    hold(client)
    first, again = (inspected(client, [3])[0] for _ in range(2))
    call(client, [first], "good")
    call(client, [again], "bad")
    assert client.post(f"{FLANGE}/improvements").status_code == 409


def test_without_false_alarms_nothing_is_proposed(client: TestClient) -> None:
    hold(client)
    inspections = inspected(client)
    call(client, [each for each in inspections if each["verdict"] == "ok"], "good")
    call(client, rejected(inspections), "bad")
    answer = client.post(f"{FLANGE}/improvements")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "/feedback" in answer.json()["detail"]


def test_a_job_that_finds_nothing_to_add_says_why(client: TestClient) -> None:
    client.patch(FLANGE, json={"settings": {"keep_pictures": "none"}}).raise_for_status()
    hold(client)
    call(client, rejected(inspected(client)), "good")
    error = job_of(client)["error"]
    assert error["code"] == "conflict"
    assert "no_picture" in error["detail"]
    assert "keep_pictures" in error["detail"]
    assert client.get(f"{FLANGE}/improvements").json()["improvements"] == []


def test_of_the_inspections_of_an_earlier_product_nothing_is_proposed(client: TestClient) -> None:
    hold(client)
    call(client, rejected(inspected(client)), "good")
    client.delete(FLANGE).raise_for_status()
    another_reference(client)
    assert client.post(f"{FLANGE}/improvements").status_code == 409


def test_a_rebuild_does_not_start_from_what_was_only_proposed(client: TestClient) -> None:
    hold(client)
    call(client, rejected(inspected(client))[:2], "good")
    proposed(client)
    rebuilt = client.post(f"{FLANGE}/banks").json()
    assert {each["sha256"] for each in rebuilt["references"]} == {
        sha256(photograph(number)).hexdigest() for number in REFERENCES
    }


def test_proposals_are_kept_among_the_versions(client: TestClient) -> None:
    hold(client)
    call(client, rejected(inspected(client))[:1], "good")
    numbers = [proposed(client)["number"] for _ in range(5)]
    kept = client.get(f"{FLANGE}/improvements").json()["improvements"]
    assert [each["number"] for each in kept] == numbers[:0:-1]
    assert "flips" not in kept[0]
    answer = client.get(f"{FLANGE}/improvements/{numbers[0]}")
    assert (answer.status_code, answer.json()["code"]) == (404, "bank-not-found")


def test_a_version_that_serves_is_no_proposal(client: TestClient) -> None:
    for answer in (client.get(f"{FLANGE}/improvements/1"), client.post(f"{FLANGE}/improvements/1/activate")):
        assert (answer.status_code, answer.json()["code"]) == (404, "bank-not-found")
