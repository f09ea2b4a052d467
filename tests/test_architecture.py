"""Imports go down only, files stay one noun, functions stay short: read from the syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"
FILES = sorted(APP.rglob("*.py"))

MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 60
P95_FUNCTION_LINES = 40

MAX_MODULES = 13
WIDE = {"schemas", "routes"}
"""Folders with one module for each resource."""

ALLOWED = {
    "cli": {
        "commands",
        "version",
        "main",
        "server",
        "assembly",
        "tls",
        "demo",
        "keys",
        "log_lines",
        "settings",
        "errors",
    },
    "commands": {
        "commands",
        "wording",
        "assembly",
        "opened_store",
        "service",
        "storage",
        "evaluate",
        "engine",
        "weights",
        "keys",
        "settings",
        "errors",
    },
    "opened_store": {"storage", "settings"},
    "server": {"service"},
    "evaluate": {"evaluate", "wording", "engine", "errors"},
    "tls": {"errors"},
    "main": {"version", "assembly", "api", "web", "keys", "service", "settings"},
    "web": {"web", "api", "version", "wording", "keys", "service", "storage", "engine", "errors"},
    "assembly": {"opened_store", "service", "storage", "weights", "engine", "settings", "errors"},
    "demo": {"demo", "errors", "settings"},
    "api": {"api", "version", "wording", "keys", "service", "storage", "engine", "settings", "errors"},
    "keys": {"keys", "storage", "settings", "errors"},
    "service": {"service", "wording", "storage", "engine", "errors"},
    "weights": {"weights", "engine", "settings", "errors"},
    "storage": {"storage", "engine", "errors"},
    "engine": {"engine", "errors"},
    "settings": {"settings", "setting_files", "setting_values", "engine", "errors"},
    "setting_files": {"errors"},
    "setting_values": set(),
    "log_lines": set(),
    "errors": set(),
    "version": set(),
    "wording": set(),
    "__init__": set(),
}
FOLDERS = {
    "service": {
        "improvements": {
            "references",
            "jobs",
            "records",
            "inspection",
            "calibration",
            "verdicts",
            "banks",
            "uploads",
            "accelerator",
        },
        "references": {"products", "verdicts", "banks", "uploads", "accelerator"},
        "products": {"inspection", "calibration", "verdicts", "banks", "accelerator"},
        "records": set(),
        "inspection": {"calibration", "verdicts", "banks", "accelerator"},
        "jobs": {"verdicts", "uploads", "accelerator"},
        "calibration": {"verdicts", "banks", "uploads", "accelerator"},
        "verdicts": {"banks"},
        "banks": {"accelerator"},
        "uploads": set(),
        "accelerator": set(),
    },
    "engine": {
        "methods": {"bank", "backbone", "device"},
        "hygiene": {"verdict", "bank", "photograph"},
        "verdict": {"masking", "bank", "photograph"},
        "masking": {"photograph", "backbone", "device"},
        "bank": {"photograph", "device"},
        "photograph": {"backbone", "device"},
        "backbone": {"device"},
        "device": set(),
    },
    "evaluate": {
        "report": {"metrics", "kept", "planned", "measured"},
        "methods": {"planned", "measured"},
        "metrics": {"kept"},
        "kept": {"planned", "measured"},
        "planned": {"measured"},
        "measured": set(),
    },
}
"""Of a layer with folders: which of its other folders the modules of each may import. Modules beside the folders join
them, but for those that all may use."""
BESIDE = {
    "service": {"clock", "deadline", "limits", "turns"},
    "engine": {"types", "options"},
    "evaluate": {"dataset"},
}
ENGINE_MAY_NOT_IMPORT = {
    "fastapi",
    "starlette",
    "uvicorn",
    "pydantic",
    "redis",
    "httpx2",
    "os.environ",
    "typer",
    "rich",
    "sklearn",
    "matplotlib",
    "prometheus_client",
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def layer(path: Path) -> str:
    return path.relative_to(APP).parts[0].removesuffix(".py")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (
                f"{path.relative_to(ROOT)}:{node.lineno} {node.name}",
                (node.end_lineno or node.lineno) - node.lineno + 1,
            )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    own = {name.split(".")[1] for name in imports(path) if name.startswith("app.")}
    assert own <= ALLOWED[layer(path)], f"{path}: a layer may not import {own - ALLOWED[layer(path)]}"


@pytest.mark.parametrize(
    "path", [file for file in FILES if len(file.relative_to(APP).parts) > 2 and layer(file) in FOLDERS], ids=str
)
def test_imports_between_the_folders_of_a_layer_go_down_only(path: Path) -> None:
    folder, found = path.relative_to(APP).parts[1], layer(path)
    inside = {name.split(".")[2] for name in imports(path) if name.startswith(f"app.{found}.")}
    assert inside <= {folder, *FOLDERS[found][folder], *BESIDE[found]}, f"{path}: may not import {inside}"


@pytest.mark.parametrize("found", FOLDERS)
def test_the_order_of_folders_names_those_that_are_there_and_has_no_circle(found: str) -> None:
    order = FOLDERS[found]
    assert set(order) == {path.parent.name for path in (APP / found).glob("*/__init__.py")}
    above: set[str] = set()
    for folder, below in order.items():
        above.add(folder)
        assert not below & above


@pytest.mark.parametrize(
    "folder", sorted({file.parent for file in FILES}), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_folder_is_one_concept(folder: Path) -> None:
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert folder.name in WIDE or len(modules) <= MAX_MODULES


@pytest.mark.parametrize("path", [file for file in FILES if layer(file) == "engine"], ids=lambda path: path.name)
def test_the_engine_knows_no_framework(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & ENGINE_MAY_NOT_IMPORT


def test_torch_and_faiss_come_from_one_module() -> None:
    importers = {path.name for path in FILES if {"torch", "faiss"} & {name.split(".")[0] for name in imports(path)}}
    assert importers == {"faiss_torch.py"}


def test_only_the_api_knows_prometheus() -> None:
    users = {path for path in FILES if "prometheus_client" in {name.split(".")[0] for name in imports(path)}}
    assert {layer(path) for path in users} == {"api"}


def test_sql_stays_with_the_records() -> None:
    users = {path for path in FILES if {"sqlalchemy", "alembic"} & {name.split(".")[0] for name in imports(path)}}
    assert {path.relative_to(APP).parts[:2] for path in users} == {("storage", "records")}


def test_the_environment_is_read_in_one_place() -> None:
    readers = {path.name for path in FILES if "os.environ" in path.read_text() or "getenv" in path.read_text()}
    assert readers <= {"faiss_torch.py", "settings.py"}


def test_web_exceptions_and_statuses_stay_in_the_api() -> None:
    users = {path for path in FILES if {"fastapi", "starlette"} & {name.split(".")[0] for name in imports(path)}}
    assert {layer(path) for path in users} == {"api", "main", "web"}
    assert "HTTPException" not in (APP / "main.py").read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_one_noun(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES


def test_functions_are_short() -> None:
    lengths = sorted((length, name) for path in FILES for name, length in functions(path))
    assert lengths[-1][0] <= MAX_FUNCTION_LINES, lengths[-1]
    assert lengths[int(0.95 * len(lengths))][0] <= P95_FUNCTION_LINES
