"""`inspector keys`: create, list and revoke API keys."""

from typing import Annotated

import typer

from app.keys.admin_key import admin_keys
from app.keys.api_key import KeyRecord, Scope, key_id
from app.keys.key_file import KeyFile
from app.keys.new_key import check_new_key
from app.settings import load_settings
from app.wording import counted

NO_KEY_LEFT = (
    "No key is left. A server that runs refuses everyone; one that is started now asks nobody for a key, and so only "
    "starts on a loopback address."
)

keys_app = typer.Typer(
    help="API keys: make, list and revoke them. A running server follows within about a second.", no_args_is_help=True
)


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Who will use it, such as mes or line-3")],
    scope: Annotated[
        list[Scope],
        typer.Option(
            help="What it is for; may be repeated. inspect: inspect, and read products. register: references and "
            "banks, and read products. feedback: see what was inspected and say what the parts are. metrics: /metrics, "
            "for Prometheus. admin: everything, also create, change and delete products."
        ),
    ],
    product: Annotated[
        list[str] | None, typer.Option(help="A product that it is for; may be repeated. Without: all of them")
    ] = None,
) -> None:
    """Make a key and print it. It is shown this once: only its SHA-256 is kept.

    A name may have two keys at a time, so that one can be changed without a gap: make the new one, take it into use,
    revoke the old one.
    """
    settings = load_settings()
    check_new_key(name, scope, product or [])
    file = KeyFile.of(settings)
    key = file.create(name, scope, product or None)
    typer.echo(key)
    typer.echo(f"Key {key_id(key)} of {name} is noted in {file.path.absolute()}. It is not shown again.", err=True)
    if settings.auth == "off":
        typer.echo("INSPECTOR_AUTH is off: no key is asked for.", err=True)


@keys_app.command("list")
def list_keys() -> None:
    """Show the keys there are: id, user, scopes, products, when made. Never a key itself, nor what is kept of it."""
    settings = load_settings()
    file = KeyFile.of(settings)
    rows = [("id", "name", "scopes", "products", "created"), *map(_row, file.read())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    typer.echo(f"{counted(len(rows) - 1, 'key')} in {file.path.absolute()}.", err=True)
    if count := len(admin_keys(settings.admin_key)):
        typer.echo(f"INSPECTOR_ADMIN_KEY holds {count} more, with every right.", err=True)


@keys_app.command("revoke")
def revoke_key(id_: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `keys list` shows it")]) -> None:
    """Take a key out of use, for good."""
    settings = load_settings()
    file = KeyFile.of(settings)
    record = file.revoke(id_)
    typer.echo(f"Key {record.key_id} of {record.name} is revoked.", err=True)
    if not file.read() and not admin_keys(settings.admin_key):
        typer.echo(NO_KEY_LEFT, err=True)


def _row(record: KeyRecord) -> tuple[str, ...]:
    products = "all" if record.products is None else ",".join(record.products)
    return record.key_id, record.name, ",".join(record.scopes), products, record.created_at
