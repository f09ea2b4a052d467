"""What all pages of one product have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.api.deps import LanesDep, ProductId, ServiceDep, SettingsDep
from app.keys.api_key import Scope
from app.web.access.forms import Form, form_of
from app.web.access.visitor import VisitorDep
from app.web.rendering.photographs import EDGE_PX, KEPT, PictureSize, shown
from app.web.routes import PagesDep, to_page

FindImage = Callable[[str, str], tuple[bytes, str]]


@dataclass(frozen=True, slots=True)
class Subject:
    """The product in the path, for whoever looks at it."""

    product_id: ProductId
    request: Request
    session: VisitorDep
    pages: PagesDep
    service: ServiceDep
    lanes: LanesDep
    settings: SettingsDep

    async def page(self, template: str, part: str, **values: Any) -> Response:
        """A page with the product's head; `part` of it: its place below the product."""
        view = await self.lanes.admin.call(self.service.products.view, self.product_id)
        return self.pages.page(
            self.request, template, view=view, part=part, at=f"{self.pages.base}/products/{self.product_id}",
            may_register=self.may_register, may_change=self.session.caller.has_one_of(set()), **values,
        )  # fmt: skip

    @property
    def may_register(self) -> bool:
        return self.session.caller.has_one_of({Scope.REGISTER})

    async def form(self) -> Form:
        """What was sent, once it is known to be of this session."""
        return await form_of(self.request, self.session)

    async def picture(self, image: Callable[[str, str], tuple[bytes, str]], sha256: str, size: PictureSize) -> Response:
        """One of the product's photographs, small enough to be shown; `image` finds it, by product and SHA-256."""

        def drawn() -> bytes:
            data, _ = image(self.product_id, sha256)
            return shown(data, self.settings.max_image_pixels, EDGE_PX[size])

        jpeg = await self.lanes.admin.call(drawn)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": KEPT})

    def back(self, part: str = "") -> Response:
        """See a page of the product, once something has been done."""
        return to_page(self.pages, f"products/{self.product_id}{'/' if part else ''}{part}")


SubjectDep = Annotated[Subject, Depends()]
