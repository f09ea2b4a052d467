"""The registry and the embedded backbone's file travel with the wheel, and are found without the checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PROBE = """
import json, app.weights.registry as module
from app.weights.files import verify, weight_file
registry = module.load_registry()
spec = registry.spec("embedded")
path = weight_file(spec, module.registry_path())
verify(path, spec)
print(json.dumps([module.__file__, str(path), list(registry.names)]))
"""

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, far from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_the_same_registry_and_embedded_file_as_the_checkout(installed: Path) -> None:
    for name in ("registry.toml", "embedded.safetensors"):
        packed = installed / "app" / "weights" / "models" / name
        assert packed.read_bytes() == (PROJECT / "models" / name).read_bytes()


def test_the_installed_package_loads_its_own_registry_and_verifies_its_own_file(installed: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run(
        [sys.executable, "-P", "-c", PROBE],
        cwd=installed.parent,
        env=environment | {"PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    module, file, names = json.loads(run.stdout)
    assert Path(module).is_relative_to(installed)
    assert Path(file).is_relative_to(installed)
    assert "dinov2_vits14" in names
