"""The table from errors to HTTP statuses."""

import json
from collections.abc import Iterator

import pytest

from app import errors
from app.api.problems import STATUSES, problem, status_of
from app.errors import InspectorError, Overloaded, TooManyImages, Unavailable


def tree(root: type[InspectorError]) -> Iterator[type[InspectorError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidRequest, 400),
        (errors.ProductNotFound, 404),
        (errors.NotAcceptable, 406),
        (errors.RequestTimeout, 408),
        (errors.NoReferences, 409),
        (errors.StaleRevision, 409),
        (errors.PreconditionFailed, 412),
        (errors.ImageTooLarge, 413),
        (errors.UnsupportedImageType, 415),
        (errors.ImageTruncated, 422),
        (errors.BlobDamaged, 500),
        (errors.GpuOutOfMemory, 503),
        (errors.StorageFull, 507),
    ],
)
def test_each_error_has_its_status(error: type[InspectorError], status: int) -> None:
    assert status_of(error) == status


def test_an_error_shares_its_code_with_its_parent_at_most() -> None:
    codes = [error.code for error in tree(InspectorError) if "code" in vars(error)]
    assert sorted(codes) == sorted(set(codes))


def test_a_problem_names_status_code_and_request() -> None:
    answer = problem({"state": {"request_id": "r1"}}, TooManyImages("Send fewer.", limit=64))
    assert answer.media_type == "application/problem+json"
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": STATUSES[TooManyImages].phrase,
        "status": 413,
        "detail": "Send fewer.",
        "code": "too-many-images",
        "request_id": "r1",
        "limit": 64,
    }


def test_a_503_tells_when_to_come_back() -> None:
    answer = problem({}, Overloaded("Later.", retry_after_s=7))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) == json.loads(bytes(answer.body))["retry_after_s"] == 7


def test_every_503_carries_a_retry_time() -> None:
    assert {error for error in tree(InspectorError) if status_of(error) in (503, 507)} == set(tree(Unavailable))
