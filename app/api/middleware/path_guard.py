"""Refuses paths whose segments are not what they look like: an encoded slash, or the segments `.` and `..`."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import problem
from app.errors import InvalidProductId


class PathGuard:
    """Answers invalid-product-id. Decoded, `%2F` would move the border between a product id and what follows it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_ambiguous(scope):
            error = InvalidProductId(
                "The path holds an encoded slash or a segment `.` or `..`, which no product id may contain or be."
            )
            await problem(scope, error)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_ambiguous(scope: Scope) -> bool:
    encoded_slash = b"%2f" in scope.get("raw_path", b"").lower()
    return encoded_slash or not {".", ".."}.isdisjoint(scope["path"].split("/"))
