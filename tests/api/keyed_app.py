"""The whole application, asking for keys: one for each scope, and some for one product only."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.api.router import add_routes
from app.keys.api_key import Scope
from app.keys.key_file import KeyFile
from app.main import create_app
from app.settings import load_settings
from tests.api.tiny_service import tiny_service

ADMIN_KEY = "the-first-key-of-this-installation-0001"


@dataclass(frozen=True, slots=True)
class KeyedApp:
    """A client, the file of keys behind it, and the keys in it by name."""

    client: TestClient
    file: KeyFile
    keys: Mapping[str, str]

    def bearer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[name]}"}


@contextmanager
def keyed_app(folder: Path, admin_key: str | None = ADMIN_KEY) -> Iterator[KeyedApp]:
    """The keys `inspect`, `register`, `admin` are for all products. For some only: `elsewhere` (admin) and `line`
    (register) for gear; `some` (inspect) for b, d, f and y."""
    settings = load_settings(data_dir=folder, smaller_edge=112, admin_key=admin_key)
    file = KeyFile.of(settings)
    keys = {scope.value: file.create(scope, [scope], None) for scope in Scope}
    keys["elsewhere"] = file.create("elsewhere", [Scope.ADMIN], ["gear"])
    keys["line"] = file.create("line", [Scope.REGISTER], ["gear"])
    keys["some"] = file.create("some", [Scope.INSPECT], ["d", "b", "y", "f"])
    app = create_app(settings, tiny_service(settings))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield KeyedApp(client, file, keys)


def routed() -> FastAPI:
    """An application that has the routes and nothing else."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_routes(app)
    return app
