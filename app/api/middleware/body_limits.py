"""Limits on what a client may send and how slowly, kept before anything parses the body."""

import asyncio
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.errors import BodyTooLarge, InspectorError, RequestTimeout

IMAGE_PATHS = ("/inspect", "/references", "/calibration/images", "/zero-shot")
MAX_OTHER_BODY_BYTES = 2**20
RECEIVE_TIMEOUT_S = 30.0
SLOWEST_BYTES_PER_S = 16 * 1024
LINGER_S = 2.0


class BodyLimits:
    """Refuses a body that is too large (413) or does not come (408), then closes the connection.

    Image uploads may have `max_body_bytes`, all else 1 MiB. A client has `receive_timeout_s` for each piece of the
    body; over the whole body it must not fall below 16 KiB/s by more than that time.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, receive_timeout_s: float = RECEIVE_TIMEOUT_S) -> None:
        self.app = app
        self._max_body_bytes = max_body_bytes
        self._receive_timeout_s = receive_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(receive, send, self._limit(scope["path"]), self._receive_timeout_s)
        if int(Headers(scope=scope).get("content-length", "0")) > body.limit:
            body.refuse_size()
            await problem(scope, body.refused_with)(scope, body.receive, body.send)  # type: ignore[arg-type]
            return
        await self.app(scope, body.receive, body.send)

    def _limit(self, path: str) -> int:
        return self._max_body_bytes if path.endswith(IMAGE_PATHS) else min(MAX_OTHER_BODY_BYTES, self._max_body_bytes)


class _Body:
    """One request's body on its way in, and the answer on its way out."""

    def __init__(self, receive: Receive, send: Send, limit: int, timeout_s: float) -> None:
        self.limit = limit
        self.refused_with: InspectorError | None = None
        self._receive, self._send = receive, send
        self._timeout_s = timeout_s
        self._received_bytes, self._waited_s = 0, 0.0
        self._complete = False

    async def receive(self) -> Message:
        """The next piece of the body; raises what the body is refused with."""
        if self._complete:
            return await self._receive()
        if self.refused_with:
            raise self.refused_with
        message = await self._next_piece()
        self._received_bytes += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._received_bytes > self.limit:
            raise self.refuse_size()
        return message

    async def _next_piece(self) -> Message:
        slack_s = self._timeout_s + self._received_bytes / SLOWEST_BYTES_PER_S - self._waited_s
        started = time.monotonic()
        try:
            async with asyncio.timeout(min(self._timeout_s, slack_s)):
                return await self._receive()
        except TimeoutError:
            raise self._refuse_pace() from None
        finally:
            self._waited_s += time.monotonic() - started

    def _refuse_pace(self) -> InspectorError:
        self.refused_with = RequestTimeout(
            f"The body came too slowly or stopped after {self._received_bytes} bytes. Send it again, whole."
        )
        return self.refused_with

    def refuse_size(self) -> InspectorError:
        """Marks the body as too large."""
        self.refused_with = BodyTooLarge(f"The body has more than {self.limit} bytes. Send less.", limit=self.limit)
        return self.refused_with

    async def send(self, message: Message) -> None:
        """Passes the answer on; after a refused body the connection is closed."""
        if self.refused_with is None:
            await self._send(message)
        elif message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            if not message.get("more_body", False):
                await self._linger()
                await self._send({"type": "http.response.body"})

    async def _linger(self) -> None:
        """Reads on for a moment: closing on a client that still sends would destroy the answer on its way to it."""
        try:
            async with asyncio.timeout(LINGER_S):
                while (await self._receive()).get("more_body", False):
                    pass
        except TimeoutError:
            pass
