"""`inspector`: serve, health, demo, weights, backbone, store, keys, evaluate, compare.

What needs torch is imported by the command that needs it, so that the others answer at once.
"""

import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from app.commands.backbone import backbone_app
from app.commands.evaluate import compare, evaluate
from app.commands.evaluate_options import SeveralValues
from app.commands.health import LIVE, READY, check_health
from app.commands.keys import keys_app
from app.commands.store import store_app
from app.commands.weights import weights_app
from app.errors import InspectorError
from app.keys.listening import check_listening
from app.log_lines import start_logging
from app.settings import load_settings, misspelt_settings
from app.tls import check_certificate
from app.version import service_version

cli = typer.Typer(
    help="Inspect photographs of manufactured parts, from a handful of good examples. "
    "Settings come from INSPECTOR_* variables, .env, or /run/secrets.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
cli.add_typer(weights_app, name="weights")
cli.add_typer(backbone_app, name="backbone")
cli.add_typer(store_app, name="store")
cli.add_typer(keys_app, name="keys")
cli.command(cls=SeveralValues)(evaluate)
cli.command()(compare)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"inspector {service_version()}")
        raise typer.Exit


@cli.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit")
    ] = False,
) -> None:
    del version


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [INSPECTOR_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one [INSPECTOR_PORT]")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the disk store [INSPECTOR_DATA_DIR, INSPECTOR_STORE_URL]")
    ] = None,
) -> None:
    """Serve the HTTP API until a signal ends it (SIGTERM or Ctrl-C: finish what is under way, then stop)."""
    given: dict[str, object] = {"host": host, "port": port}
    given = {name: value for name, value in given.items() if value is not None}
    if data_dir is not None:
        given |= {"data_dir": data_dir, "store_url": None, "coordination_url": None}
    settings = load_settings(**given)
    start_logging(settings.log_level, settings.log_format)
    for line in misspelt_settings():
        logging.getLogger("inspector.settings").warning(line)
    # While it loads, SIGTERM ends it at once, as the first process of a container too, where it would be ignored else.
    # uvicorn raises the signal again once it has stopped: that is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    check_listening(settings)
    if settings.tls_cert and settings.tls_key:
        check_certificate(settings.tls_cert, settings.tls_key)

    import uvicorn

    from app.assembly import build_service
    from app.main import create_app
    from app.server import GRACE_S, AnswersHalfClosed, DrainingServer

    service = build_service(settings)
    config = uvicorn.Config(
        create_app(settings, service),
        host=settings.host,
        port=settings.port,
        http=AnswersHalfClosed,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        log_config=None,
        access_log=False,
        # Else WEB_CONCURRENCY decides. More than one process would each load the backbone and hold its own banks.
        workers=1,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = DrainingServer(config, service, settings.drain_s)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(1)


@cli.command()
def health(
    live: Annotated[bool, typer.Option("--live", help="Only whether it answers, not whether it can inspect")] = False,
) -> None:
    """Ask the server at INSPECTOR_HOST and INSPECTOR_PORT whether it can inspect: exit status 0, else 1 and a line why.

    For a container's health check; needs no key. A server that listens on every address is asked on loopback.
    """
    check_health(load_settings(), LIVE if live else READY)


@cli.command()
def demo(
    output: Annotated[Path, typer.Option(help="Folder for the heatmaps")] = Path("demo-output"),
) -> None:
    """Register and inspect the bundled sample product over HTTP, in a server of its own."""
    from app.demo.run import run_demo

    # As an exception, so that the server is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    run_demo(output)


def main(run: Callable[[], object] = cli) -> None:
    """Entry point: errors of ours are one line on stderr and exit status 1."""
    try:
        run()
    except InspectorError as error:
        sys.stderr.write(f"inspector: {error.message}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
