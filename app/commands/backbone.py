"""`inspector backbone`: show the default backbone of the store, and change it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import track

from app.errors import ConfigurationError, InspectorError, ProductNotFound
from app.opened_store import opened_store
from app.settings import load_settings
from app.storage.store import Catalog
from app.weights.registry import load_registry
from app.wording import counted

if TYPE_CHECKING:
    from app.service.service import Service

backbone_app = typer.Typer(help="The default backbone: show it, or change over to another one.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Changeover:
    """The products that stand on the default backbone: whose banks were made with the new one, and whose not, why."""

    rebuilt: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def and_then(self, later: "Changeover") -> "Changeover":
        """Both passes as one."""
        rebuilt = self.rebuilt + [each for each in later.rebuilt if each not in self.rebuilt]
        return Changeover(rebuilt, self.failed | later.failed)


@backbone_app.command()
def show() -> None:
    """Show the default backbone of the store, and what the settings ask for."""
    settings = load_settings()
    catalog = opened_store(settings).catalog
    try:
        stored = catalog.default_backbone() or "not decided yet (the first start decides)"
    except ConfigurationError as error:
        stored = error.message
    typer.echo(f"store at {'Redis' if settings.blobs_in_redis else settings.store_dir.absolute()}: {stored}")
    typer.echo(f"INSPECTOR_BACKBONE: {settings.backbone}")


@backbone_app.command(name="set")
def set_backbone(
    name: Annotated[str, typer.Argument(help="A name from `inspector weights list`")],
    force: Annotated[bool, typer.Option("--force", help="Switch even where banks could not be rebuilt")] = False,
) -> None:
    """Change the default backbone: rebuild every bank from its kept references, then switch.

    Products that name a backbone of their own stay as they are. Where a bank cannot be rebuilt, the others still are,
    and the default is not switched (exit status 1). Run again, it goes on where it stopped: each product answers with
    the backbone that made its bank. A server may go on running: it follows the switch by itself.
    """
    from app.assembly import service_with_default

    settings = load_settings()
    store, registry = opened_store(settings), load_registry()
    catalog = store.catalog
    before = _default_before(catalog)
    service = service_with_default(settings, registry, store, registry.spec(name).name)
    try:
        done = _rebuild_all(service, catalog, name)
        switched = force or not done.failed
        if switched:
            catalog.set_default_backbone(name)
            # What a running server registered meanwhile, it registered with the default of before.
            done = done.and_then(_rebuild_all(service, catalog, name))
    finally:
        service.close()
    _report(done)
    counts = f"{counted(len(done.rebuilt), 'bank')} rebuilt, {len(done.failed)} failed"
    if switched:
        typer.echo(f"default backbone: {before or 'none'} -> {name}; {counts}")
        return
    typer.echo(
        f"The default backbone is not switched (it is {before or 'none'}); {counts}. Mend or delete the products that "
        "failed and run this again, or switch without them: --force. Each product answers with the backbone that made "
        "its bank.",
        err=True,
    )
    raise typer.Exit(1)


def _default_before(catalog: Catalog) -> str | None:
    """The default backbone of the store; None where none was chosen yet, or where its record is lost."""
    try:
        return catalog.default_backbone()
    except ConfigurationError:
        return None


def _rebuild_all(service: "Service", catalog: Catalog, name: str) -> Changeover:
    done = Changeover()
    outdated = list(_outdated(service, catalog, done))
    for product_id in track(outdated, description=f"rebuilding banks with {name}"):
        try:
            service.banks.rebuild(product_id)
        except ProductNotFound:
            continue
        except InspectorError as error:
            done.failed[product_id] = error.message
        else:
            done.rebuilt.append(product_id)
    return done


def _outdated(service: "Service", catalog: Catalog, done: Changeover) -> Iterator[str]:
    """The products on the default backbone whose bank another one made. The damaged ones are noted as failed.

    A damaged bank is not rebuilt here: that would start from an older version, with references that may have been
    deleted since.
    """
    from app.service.accelerator.backbones import DEFAULT

    for product_id in catalog.product_ids():
        try:
            if catalog.product(product_id).settings.backbone != DEFAULT:
                continue
            view = service.products.view(product_id)
        except ProductNotFound:
            continue
        except InspectorError as error:
            done.failed[product_id] = error.message
            continue
        if view.problem is not None:
            done.failed[product_id] = view.problem
        elif view.rebuild_needed:
            yield product_id


def _report(done: Changeover) -> None:
    for product_id in done.rebuilt:
        typer.echo(f"rebuilt {product_id}")
    for product_id, reason in done.failed.items():
        typer.echo(f"failed {product_id}: {reason}", err=True)
