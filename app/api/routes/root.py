"""/: whoever opens the service in a browser is led to its documentation."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse

router = APIRouter()


@router.get("/", include_in_schema=False)
async def lead_to_documentation(request: Request) -> RedirectResponse:
    """The documentation is at /docs."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/docs")
