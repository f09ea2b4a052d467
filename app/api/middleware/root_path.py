"""A path prefix under which a proxy shows the service, be it that the proxy takes it off or not."""

from starlette.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """Makes both the same, as ASGI says: `path` begins with `root_path`, so that links lead through the proxy."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            below = _below(scope["path"], self._root_path) or "/"
            scope = {**scope, "root_path": self._root_path, "path": self._root_path + below}
        await self.app(scope, receive, send)


def route_path(scope: Scope) -> str:
    """The path of a request as the routes have it, without the prefix."""
    return _below(scope["path"], scope.get("root_path", ""))


def _below(path: str, root_path: str) -> str:
    return path[len(root_path) :] if path == root_path or path.startswith(f"{root_path}/") else path
