"""The console with keys, and its forms."""

import re
from dataclasses import dataclass
from html import unescape

from fastapi.testclient import TestClient

from tests.api.keyed_app import KeyedApp

CSRF = re.compile(r'data-csrf="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Browser:
    """Somebody who has logged in, or not."""

    client: TestClient

    def page(self, path: str, status: int = 200) -> str:
        """The text of a page, without entities."""
        answer = self.client.get(f"/ui/{path}")
        assert answer.status_code == status, answer.text
        return unescape(answer.text)

    @property
    def csrf(self) -> str:
        found = CSRF.search(self.client.get("/ui/help").text)
        assert found is not None
        return found[1]


def logged_in(keyed: KeyedApp, name: str) -> Browser:
    """With the key of this name."""
    client = TestClient(keyed.client.app, follow_redirects=False, raise_server_exceptions=False)
    answer = client.post("/ui/login", data={"key": keyed.keys[name]})
    assert answer.status_code == 303, answer.text
    return Browser(client)
