"""The first day as docs/first-day.md tells it: its commands, one after the other, with a key for each role."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import cv2
import pytest

from app.keys.api_key import Scope
from app.keys.key_file import KeyFile
from tests.e2e.parts import part
from tests.e2e.server_process import ROOT, server_process

PAGE = (ROOT / "docs" / "first-day.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SCOPES = {"LINE": [Scope.INSPECT], "ENGINEER": [Scope.REGISTER, Scope.INSPECT], "QUALITY": [Scope.ADMIN]}
PHOTOGRAPHS = {"references": 3, "held-out": 19, "bad": 2}
STRICT = """set -euo pipefail
curl() { command curl --noproxy '*' --fail-with-body --silent --show-error "$@"; }
"""


@dataclass(frozen=True, slots=True)
class Day:
    """What the commands said, and the folder where they ran."""

    done: "subprocess.CompletedProcess[str]"
    folder: Path


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """All commands in one shell, then the page's rule for the MES with a good part."""
    folder = tmp_path_factory.mktemp("day")
    for number, (name, count) in enumerate(PHOTOGRAPHS.items()):
        (folder / name).mkdir()
        for each in range(count):
            (folder / name / f"{each:02}.png").write_bytes(part(100 * number + each, spoilt=name == "bad"))
    keys = KeyFile(folder / "keys.json")
    given = {name: keys.create(name.lower(), scopes, ["flange-top"]) for name, scopes in SCOPES.items()}
    with server_process(folder, {"KEYS_FILE": str(keys.path)}) as server:
        given |= {"HOST": f"http://{server.host}:{server.port}", "EDGE": "112", "LARGER_EDGE": "126"}
        script = STRICT + "\n".join(COMMANDS) + "\nreleased SN-0043 held-out/00.png && echo released a good part\n"
        environment = {**os.environ, **given}
        done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    return Day(done, folder)


def test_every_command_runs_with_the_key_of_its_role(day: Day) -> None:
    assert day.done.returncode == 0, day.done.stdout[-1500:] + day.done.stderr


def test_the_line_holds_bad_parts_and_releases_a_good_one(day: Day) -> None:
    assert day.done.stdout.count("hold\n") == PHOTOGRAPHS["bad"]
    assert "\nrelease\n" not in day.done.stdout
    assert day.done.stdout.endswith("released a good part\n")


def test_the_bad_parts_are_found_and_their_heatmaps_are_pictures(day: Day) -> None:
    assert len(re.findall(r"not_ok [\d.]+ bad/", day.done.stdout)) == PHOTOGRAPHS["bad"]
    detection = json.loads((day.folder / "detection.json").read_text())["detection"]
    assert (detection["found"], detection["bad"]) == (2, 2)
    pictures = [day.folder / "preview.png", *day.folder.glob("heatmaps/*.png")]
    assert all(cv2.imread(str(picture)) is not None for picture in pictures)


def test_the_held_out_parts_calibrate(day: Day) -> None:
    assert '"state":"calibrated"' in (day.folder / "calibration.json").read_text()
