"""`inspector weights`: list, fetch and verify the weight files of the backbones."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from app.commands.transfer_display import transfer_display
from app.engine.backbone.spec import BackboneSpec
from app.errors import InspectorError
from app.settings import Settings, load_settings
from app.weights.fetch import fetch
from app.weights.files import difference, verify, weight_file
from app.weights.registry import load_registry

PIPED_WIDTH = 120
"""Columns of the table where no terminal gives a width; every row fits."""

Names = Annotated[list[str], typer.Argument(metavar="NAME", help="Backbones, as `weights list` names them.")]
OptionalNames = Annotated[
    list[str] | None, typer.Argument(metavar="NAME", help="Backbones; without any, every file that is there.")
]

weights_app = typer.Typer(help="List, fetch and verify the weight files of the backbones.", no_args_is_help=True)


@weights_app.command("list")
def list_weights() -> None:
    """Show every backbone of the registry, whether its file is there, and whether it is the registered one."""
    with _errors_on_stderr():
        settings, specs = _settings_and_specs(None)
    table = Table("name", "file", "size", "present", "verified", "layers", "licence", box=None)
    for spec in specs:
        table.add_row(*_row(spec, weight_file(spec, settings.weights_dir)))
    console = Console()
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    console.print(table)


@weights_app.command("fetch")
def fetch_weights(names: Names) -> None:
    """Download weight files and check them; an unfinished download is continued. The server never does this itself."""
    with _errors_on_stderr():
        settings, specs = _settings_and_specs(names)

    def fetch_one(spec: BackboneSpec) -> str:
        with transfer_display(spec.name) as progress:
            path = fetch(spec, settings.weights_dir, progress, base_address=settings.weights_url or None)
        return f"{path.absolute()} is there and verified"

    _report_each(specs, fetch_one)


@weights_app.command("verify")
def verify_weights(names: OptionalNames = None) -> None:
    """Compare weight files with the registered size and SHA-256."""
    with _errors_on_stderr():
        settings, specs = _settings_and_specs(names)
    if not names:
        specs = [spec for spec in specs if weight_file(spec, settings.weights_dir).exists()]

    def verify_one(spec: BackboneSpec) -> str:
        path = weight_file(spec, settings.weights_dir)
        with transfer_display(spec.name) as progress:
            verify(path, spec, progress)
        return f"{path.absolute()} is verified"

    _report_each(specs, verify_one)


def _settings_and_specs(names: Iterable[str] | None) -> tuple[Settings, Sequence[BackboneSpec]]:
    settings, registry = load_settings(), load_registry()
    return settings, [registry.spec(name) for name in (names or registry.names)]


def _report_each(specs: Iterable[BackboneSpec], action: Callable[[BackboneSpec], str]) -> None:
    """Run `action` on each and print what it says; one that fails is reported, and the others still get their turn."""
    failed = False
    for spec in specs:
        try:
            typer.echo(f"{spec.name}: {action(spec)}")
        except InspectorError as error:
            typer.echo(f"Error: {error.message}", err=True)
            failed = True
    if failed:
        raise typer.Exit(1)


@contextmanager
def _errors_on_stderr() -> Iterator[None]:
    try:
        yield
    except InspectorError as error:
        typer.echo(f"Error: {error.message}", err=True)
        raise typer.Exit(1) from error


def _row(spec: BackboneSpec, path: Path) -> tuple[str, ...]:
    present = path.is_file()
    size_bytes = path.stat().st_size if present else spec.size_bytes
    size = "unknown" if size_bytes is None else decimal(size_bytes)
    verified = _verified(spec, path) if present else "–"
    return spec.name, spec.file, size, "yes" if present else "no", verified, _layers(spec), spec.licence


def _layers(spec: BackboneSpec) -> str:
    """Those that a product can choose among, and the backbone's own."""
    return f"1-{spec.depth} ({', '.join(map(str, spec.own_layers))})" if spec.depth else "fixed"


def _verified(spec: BackboneSpec, path: Path) -> str:
    try:
        return "yes" if difference(path, spec) is None else "NO"
    except OSError:
        return "unreadable"
