"""One image for all tests of the deployment, built when the first of them needs it."""

from collections.abc import Iterator

import pytest

from tests.compose.deployment import SCALED, Deployment, deployment
from tests.compose.engine import ROOT, build, missing

TAG = "anomalydino-inspector:test"


@pytest.fixture(scope="session")
def image() -> str:
    """The cpu variant. From the default package index its torch is the CUDA build, so it takes gigabytes."""
    if reason := missing():
        pytest.skip(reason)
    build(TAG, ROOT)
    return TAG


@pytest.fixture(scope="module")
def single(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One api and Redis."""
    with deployment(image, tmp_path_factory.mktemp("single")) as running:
        yield running


@pytest.fixture(scope="module")
def scaled(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Three replicas behind HAProxy."""
    with deployment(image, tmp_path_factory.mktemp("scaled"), SCALED, {"INSPECTOR_REPLICAS": "3"}) as running:
        yield running
