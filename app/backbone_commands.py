"""`inspector backbone`: show the default backbone of the store, and change it."""

from typing import Annotated

import typer
from rich.progress import Progress

from app.settings import load_settings
from app.storage.disk.catalog import DiskCatalog
from app.weights.registry import load_registry

PAGE = 1_000_000

backbone_app = typer.Typer(help="The default backbone: show it, or change over to another one.", no_args_is_help=True)


@backbone_app.command()
def show() -> None:
    """Show the default backbone of the store, and what the settings ask for."""
    settings = load_settings()
    catalog = DiskCatalog(settings.store_dir)
    stored = catalog.default_backbone()
    typer.echo(f"store at {settings.store_dir.absolute()}: {stored or 'not decided yet (the first start decides)'}")
    typer.echo(f"INSPECTOR_BACKBONE: {settings.backbone}")


@backbone_app.command(name="set")
def set_backbone(
    name: Annotated[str, typer.Argument(help="A name from `inspector weights list`")],
) -> None:
    """Change the default backbone: rebuild every bank from its kept references, then switch.

    Interrupted, it can be run again and goes on where it stopped: each product answers with the backbone that made its
    bank. Stop the server first, or restart it afterwards: it reads the default at its start.
    """
    from app.assembly import service_with_default

    settings = load_settings()
    catalog, registry = DiskCatalog(settings.store_dir), load_registry()
    before = catalog.default_backbone()
    service = service_with_default(settings, registry, catalog, registry.spec(name).name)
    try:
        outdated = [view.product.product_id for view in service.products.page(None, PAGE) if view.rebuild_needed]
        with Progress() as progress:
            task = progress.add_task(f"rebuilding banks with {name}", total=len(outdated))
            for product_id in outdated:
                service.banks.rebuild(product_id)
                progress.advance(task)
        catalog.set_default_backbone(name)
    finally:
        service.close()
    typer.echo(f"default backbone: {before or 'none'} -> {name}; {len(outdated)} banks rebuilt")
