"""What the documents say is what the code does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli import cli
from app.engine.masking.masking_test import ACCEPTED
from app.engine.options import ProductSettings
from app.settings import OF_COMPOSE, Settings

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


def test_the_ranges_of_the_masking_test_are_in_the_document() -> None:
    documented = (ROOT / "docs" / "api.md").read_text()
    for name, span in ACCEPTED.items():
        assert f"| `{name}` | {span.low:g} to {span.high:g} | {span.reason} |" in documented
