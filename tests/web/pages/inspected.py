"""A console with keys, and products that were inspected."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from app.keys.api_key import Scope
from app.keys.key_file import KeyFile
from app.main import create_app
from app.opened_store import opened_pictures, opened_records
from app.settings import load_settings
from tests.api.keyed_app import ADMIN_KEY, KeyedApp
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service
from tests.web.pages_of import Browser, logged_in

EVERYTHING_REACHES = 0.0


@dataclass(frozen=True, slots=True)
class Inspected:
    """`keyed`: keys of each scope by its name; `gear`: inspect and feedback for the product gear alone."""

    keyed: KeyedApp

    @property
    def api(self) -> TestClient:
        return self.keyed.client

    def browser(self, name: str = "admin") -> Browser:
        return logged_in(self.keyed, name)

    def product(
        self, product_id: str = "flange", keep: str = "all", threshold: float | None = None, references: int = 3
    ) -> None:
        """With bank version 1. `threshold`: a person's; None: of the references, where they are enough."""
        photographs = [("images", (f"{number}.png", photograph(number))) for number in range(references)]
        self._sent("POST", f"/products/{product_id}/references", files=photographs)
        held = None if threshold is None else {"value": threshold, "bank_version": 1}
        settings = {"keep_pictures": keep, "threshold": held}
        self._sent("PATCH", f"/products/{product_id}", json={"settings": settings})

    def inspect(self, part: int | bytes = 9, product_id: str = "flange", **ids: str) -> dict[str, Any]:
        """The answer to a photograph, or to one drawn by its number."""
        sent = photograph(part) if isinstance(part, int) else part
        return self._sent("POST", f"/products/{product_id}/inspect", content=sent, params={"heatmap": "none"} | ids)

    def call(self, inspection_id: str, truth: str, **more: str) -> None:
        self._sent("POST", f"/inspections/{inspection_id}/feedback", json={"truth": truth, **more})

    def record(self, inspection_id: str) -> dict[str, Any]:
        return self._sent("GET", f"/inspections/{inspection_id}")

    def _sent(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        answer = self.api.request(method, path, headers=self.keyed.bearer("admin"), **given)
        told: dict[str, Any] = answer.raise_for_status().json()
        return told


@contextmanager
def inspected(folder: Path) -> Iterator[Inspected]:
    settings = load_settings(data_dir=folder, smaller_edge=112, admin_key=ADMIN_KEY)
    file = KeyFile.of(settings)
    keys = {scope.value: file.create(scope, [scope], None) for scope in Scope}
    keys["gear"] = file.create("gear", [Scope.INSPECT, Scope.FEEDBACK], ["gear"])
    service = tiny_service(settings, records=opened_records(settings), pictures=opened_pictures(settings))
    with TestClient(create_app(settings, service), raise_server_exceptions=False) as client:
        yield Inspected(KeyedApp(client, file, keys))


def sent(browser: Browser, path: str, **fields: str) -> str:
    """Where a form leads that was taken."""
    answer = posted(browser, path, **fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def refused(browser: Browser, path: str, status: int, **fields: str) -> str:
    """The page that says why a form was not taken."""
    answer = posted(browser, path, **fields)
    assert answer.status_code == status, answer.text
    assert "data-error" in answer.text
    return unescape(answer.text)


def posted(browser: Browser, path: str, **fields: str) -> Any:
    return browser.client.post(f"/ui/{path}", data={"csrf": browser.csrf, **fields})
