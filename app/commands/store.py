"""`inspector store`: what an operator does with the store itself."""

import typer

from app.errors import ConfigurationError
from app.opened_store import redis_password
from app.settings import load_settings
from app.wording import counted

store_app = typer.Typer(help="The store: bring Redis up to what the volume knows.", no_args_is_help=True)


@store_app.callback()
def _group() -> None:
    """A group, though it has one command."""


@store_app.command()
def recover() -> None:
    """Bring a Redis that lost data, or a new one, up to what the volume knows (INSPECTOR_COORDINATION_URL).

    Products that Redis lacks or has in an older state are written there as the volume has them; what is newer in Redis
    stays. Also moves a disk store to Redis coordination for the first time. May run while services run, and again.
    """
    from app.storage.coordinated import recover as recover_store
    from app.storage.disk import DiskCatalog
    from app.storage.open import connect_redis
    from app.storage.redis import RedisCatalog

    settings = load_settings()
    if settings.coordination_url is None:
        raise ConfigurationError(
            "There is nothing to recover: INSPECTOR_COORDINATION_URL is not set, so no Redis coordinates this store."
        )
    client = connect_redis(
        settings.coordination_url, redis_password(settings), require_durable=settings.redis_require_durable
    )
    done = recover_store(DiskCatalog(settings.store_dir), RedisCatalog(client))
    for product_id in done.brought_back:
        typer.echo(f"brought back {product_id}")
    for product_id, reason in done.refused.items():
        typer.echo(f"refused {product_id}: {reason}", err=True)
    if done.default_backbone:
        typer.echo(f"default backbone: {done.default_backbone}")
    typer.echo(
        f"{counted(len(done.brought_back), 'product')} brought back, {len(done.current)} as new or newer in Redis, "
        f"{len(done.refused)} refused"
    )
    if done.refused:
        raise typer.Exit(1)
