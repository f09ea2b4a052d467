"""What the documents say is what the code does."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli import cli
from app.engine.masking.masking_test import ACCEPTED
from app.engine.options import ProductSettings
from app.engine.verdict.calibration import FEWEST_REFERENCES
from app.server import GRACE_S
from app.settings import OF_COMPOSE, Settings

PATCH_PX = 14
POSIX_ONLY = (
    "fcntl|pwd|grp|resource|termios|O_DIRECTORY|O_NOFOLLOW|sched_getaffinity|fork|getuid|geteuid|SIGALRM|SIGHUP|SIGKILL"
)
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
COMPOSE = [*ROOT.glob("docker-compose*.yml"), *(ROOT / "docker").glob("*.yml")]
SETTING_ROW = re.compile(r"^\| `INSPECTOR_([A-Z_]+)` \| `(.*)` \| (.*) \|$", re.MULTILINE)


def shown(default: object) -> str:
    if default is None:
        return "unset"
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_the_first_command_stands_within_25_lines() -> None:
    assert "make demo" in "\n".join(README.splitlines()[:25])


def test_the_quick_start_registers_as_many_photographs_as_a_verdict_needs() -> None:
    [registered] = [line for line in README.splitlines() if "/references" in line and "images=@" in line]
    assert registered.count("images=@") == FEWEST_REFERENCES


def test_every_setting_is_in_the_readme_with_its_default_and_meaning() -> None:
    documented = {name: (default, meaning) for name, default, meaning in SETTING_ROW.findall(README)}
    real = {name.upper(): (shown(field.default), field.description) for name, field in Settings.model_fields.items()}
    assert documented == real


def test_every_product_setting_is_in_the_readme() -> None:
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", README, re.MULTILINE))
    assert documented == set(ProductSettings.__dataclass_fields__)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", path.read_text(), re.MULTILINE))
    for target in {first or second for first, second in named}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{path.name} names make {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"INSPECTOR_([A-Z_]+[A-Z])", path.read_text()))
    of_compose = {name for file in COMPOSE for name in re.findall(r"\$\{INSPECTOR_([A-Z_]+)", file.read_text())}
    assert named <= {name.upper() for name in Settings.model_fields} | of_compose


def test_the_names_of_compose_are_known_so_that_none_is_told_as_misspelt() -> None:
    files = [*COMPOSE, ROOT / "Dockerfile", *(ROOT / "docker").glob("*entrypoint")]
    named = {name for file in files for name in re.findall(r"INSPECTOR_([A-Z_]+[A-Z])", file.read_text())}
    assert named - {name.upper() for name in Settings.model_fields} == set(OF_COMPOSE)


def test_every_command_that_is_named_exists() -> None:
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    commands = set(re.findall(r"inspector (weights|backbone|keys|store) ([a-z]+)", text))
    assert commands >= {("weights", "fetch"), ("backbone", "set"), ("keys", "create"), ("store", "recover")}
    for group in ("weights", "backbone", "keys", "store"):
        known = subprocess.run(
            [sys.executable, "-m", "app.cli", group, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
        for name, verb in commands:
            assert name != group or re.search(rf"\b{verb}\b", known), f"inspector {name} {verb}"


def test_every_option_of_the_evaluation_is_in_the_document() -> None:
    text = (ROOT / "docs" / "accuracy.md").read_text()
    table = "\n".join(re.findall(r"^\| (`--[a-z-]+`.*?) \|", text, re.MULTILINE))
    known = {name for each in get_command(cli).commands["evaluate"].params for name in each.opts}  # type: ignore[attr-defined]
    assert set(re.findall(r"--[a-z-]+", table)) == known - {"--data-root", "--out", "--help"}


def test_options_in_examples_exist() -> None:
    lines = [line for path in DOCUMENTS for line in path.read_text().splitlines()]
    for line in lines:
        if command := re.search(r"inspector (evaluate|compare) (.*)", line):
            known = {name for each in get_command(cli).commands[command[1]].params for name in each.opts}  # type: ignore[attr-defined]
            assert set(re.findall(r"(--[a-z-]+)", command[2].split("#")[0])) <= known, line


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_linked_file_exists(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), f"{path.name} links {target}"


def anchors(page: str) -> set[str]:
    """Of a page's headings, as GitHub makes them."""
    found: list[str] = []
    for heading in re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    ):
        shown = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading)
        found.append(re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-"))
    return {f"{each}-{found[:place].count(each)}".removesuffix("-0") for place, each in enumerate(found)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_heading_that_is_linked_exists(path: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", path.read_text()):
        page = path.parent / target if target else path
        assert anchor in anchors(page.read_text()), f"{path.name} links {target}#{anchor}"


def test_the_ranges_of_the_masking_test_are_in_the_document() -> None:
    documented = (ROOT / "docs" / "api.md").read_text()
    for name, span in ACCEPTED.items():
        assert f"| `{name}` | {span.low:g} to {span.high:g} | {span.reason} |" in documented


def test_the_pixels_per_patch_are_what_the_scaling_makes_of_the_photograph() -> None:
    page = (ROOT / "docs" / "first-day.md").read_text()
    edges = [int(edge) for edge in re.findall(r"`smaller_edge` (\d+) \|", page)]
    rows = re.findall(r"^\| ([\d,]+) px \| (.*) \|$", page, re.MULTILINE)
    assert len(rows) >= 4
    for side_px, cells in ((int(side.replace(",", "")), cells) for side, cells in rows):
        sides = [f"{PATCH_PX * side_px / edge:.0f} px" if edge <= side_px else "(enlarged)" for edge in edges]
        assert cells.split(" | ") == sides


def test_what_windows_lacks_is_all_that_the_code_uses_of_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", (ROOT / "docs" / "install.md").read_text(), re.MULTILINE)
    documented = {(name, path) for name, paths in rows for path in re.findall(r"`(app/.*?)`", paths)}
    used = {
        (name, path.relative_to(ROOT).as_posix())
        for path in (ROOT / "app").rglob("*.py")
        for name in re.findall(rf"\b(?:import |os\.|signal\.)({POSIX_ONLY})\b", path.read_text())
    }
    assert documented == used


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze: apt-get install systemd")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = (ROOT / "packaging" / "inspector.service").read_text()
    there = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit, flags=re.MULTILINE)
    (tmp_path / "inspector.service").write_text(there)
    verified = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "inspector.service"], capture_output=True, text=True
    )
    assert (verified.returncode, verified.stderr) == (0, "")


def test_a_stop_has_as_long_as_the_server_takes_to_end() -> None:
    unit = (ROOT / "packaging" / "inspector.service").read_text()
    [limit_s] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(limit_s) >= GRACE_S + 10
