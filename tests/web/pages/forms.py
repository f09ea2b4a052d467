"""What a browser sends from the pages of a product."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx2

from tests.api.photographs import photograph
from tests.web.pages_of import Browser

File = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class ProductForms:
    """The forms of one product, sent by one browser."""

    browser: Browser
    product_id: str

    @property
    def path(self) -> str:
        return f"/ui/products/{self.product_id}"

    def send(self, part: str, fields: dict[str, str] | None = None, files: Sequence[File] = ()) -> httpx2.Response:
        """To a place below the product."""
        return self.browser.client.post(
            f"{self.path}/{part}",
            data={"csrf": self.browser.csrf, **(fields or {})},
            files=[("images", each) for each in files] or None,
        )

    def done(self, part: str, fields: dict[str, str] | None = None, files: Sequence[File] = ()) -> str:
        """The text of the page that is shown next."""
        answer = self.send(part, fields, files)
        assert answer.status_code == 303, answer.text
        return self.browser.page(answer.headers["location"].removeprefix("/ui/"))

    def page(self, part: str = "", status: int = 200) -> str:
        return self.browser.page(f"products/{self.product_id}{'/' if part else ''}{part}", status)


def pictures(count: int, first: int = 0) -> list[File]:
    """Photographs named 0.png, 1.png, …"""
    return [(f"{seed}.png", photograph(seed)) for seed in range(first, first + count)]
