"""What routes ask for by name."""

from typing import Annotated

from fastapi import Depends, Header, Path, Request

from app.api.lanes import Lanes
from app.api.parsing.number import LARGEST_NUMBER
from app.api.schemas.products import PRODUCT_ID
from app.errors import PreconditionFailed, ReferenceNotFound
from app.service.service import Service
from app.settings import Settings

SHA256_LENGTH = 64


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _lanes(request: Request) -> Lanes:
    lanes: Lanes = request.app.state.lanes
    return lanes


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _sha256(sha256: Annotated[str, Path(description="SHA-256 of the file as uploaded, in hex.")]) -> str:
    try:
        return checked_digest(sha256)
    except ValueError as error:
        raise ReferenceNotFound(str(error)) from error


def checked_digest(sha256: str) -> str:
    """The digest in lower case. ValueError, which says what one looks like, for what is none."""
    lowered = sha256.lower()
    if len(lowered) != SHA256_LENGTH or not set(lowered) <= set("0123456789abcdef"):
        raise ValueError("An image is named by the SHA-256 of its file: 64 hexadecimal digits.")
    return lowered


def _expected_revision(
    request: Request,
    if_match: Annotated[str | None, Header(description="The ETag that the product must still have.")] = None,
) -> int | None:
    if if_match is None:
        return None
    # Several headers are one list, of which the framework gives the first entry alone.
    quoted = ", ".join(request.headers.getlist("if-match")).strip()
    if quoted == "*":
        return None
    revision = quoted[1:-1]
    is_number = revision.isascii() and revision.isdigit() and len(revision) <= len(str(LARGEST_NUMBER))
    if quoted != f'"{revision}"' or not is_number:
        raise PreconditionFailed(f"If-Match: {quoted[:100]} is no ETag of a product. Read it anew and use its ETag.")
    return int(revision)


ServiceDep = Annotated[Service, Depends(_service)]
LanesDep = Annotated[Lanes, Depends(_lanes)]
SettingsDep = Annotated[Settings, Depends(_settings)]
ProductId = Annotated[str, Path(pattern=PRODUCT_ID, description="The product's id, as it is on disk.")]
Sha256 = Annotated[str, Depends(_sha256)]
InspectionId = Annotated[str, Path(max_length=64, description="Id of the inspection, as its answer told it.")]
BankVersion = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="Number of the bank version.")]
ExpectedRevision = Annotated[int | None, Depends(_expected_revision)]
Accept = Annotated[str | None, Header(include_in_schema=False)]
"""Not among the parameters of the document: OpenAPI has the media types of the answer say what can be asked for."""
