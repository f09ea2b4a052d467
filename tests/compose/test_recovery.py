"""A copy of the volume `data` is a whole backup: with it, what Redis or the host has lost comes back."""

import pytest

from tests.compose.callers import inspected_by, prepared, references
from tests.compose.deployment import Deployment
from tests.compose.engine import docker, inspected, logged, wait_until

pytestmark = pytest.mark.compose

IN_ONE_CONTAINER = ("run", "--rm", "--no-deps", "-T")
TAR = (*IN_ONE_CONTAINER, "--entrypoint", "tar", "api", "--directory", "/data")
RECOVER = (*IN_ONE_CONTAINER, "api", "inspector", "store", "recover")


def test_a_redis_that_lost_everything_is_not_served_and_is_filled_from_the_volume(single: Deployment) -> None:
    with single.client() as admin:
        expected, kept = prepared(admin, "lost"), references(admin, "lost")
    single.compose("down")
    docker("volume", "rm", f"{single.project}_redis")
    single.compose("up", "--detach", "--no-build")
    api = single.container("api")
    wait_until(lambda: int(inspected(api, "{{.RestartCount}}")) > 0, 120, "it does not start")
    assert "inspector store recover" in logged(api)
    single.compose(*RECOVER)
    single.up()
    with single.client() as admin:
        assert (inspected_by(admin, "lost"), references(admin, "lost")) == (expected, kept)


def test_a_backup_of_the_volume_brings_everything_back_on_an_empty_host(single: Deployment) -> None:
    with single.client() as admin:
        expected, kept = prepared(admin, "restored"), references(admin, "restored")
    single.compose("stop", "api")
    backup = single.piped(*TAR, "--create", ".")
    single.compose("down", "--volumes")
    single.piped(*TAR, "--extract", stdin=backup)
    single.compose("up", "--detach", "--no-build", "redis")
    single.wait_healthy()
    single.compose(*RECOVER)
    single.up()
    with single.client() as admin:
        assert (inspected_by(admin, "restored"), references(admin, "restored")) == (expected, kept)
