"""An HTTP client that takes as little of the machine as it can: a server that is measured shares the cores with it."""

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class LeanClient:
    """Sends requests over connections that stay open; answers must have a length, and are not looked into."""

    def __init__(self, address: str) -> None:
        """`address`: http://host:port."""
        parts = urlsplit(address)
        self._host, self._port = str(parts.hostname), parts.port or 80
        self._free: list[Connection] = []

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body. A request that finds its connection closed is sent again over a new one."""
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        host = f"Host: {self._host}:{self._port}\r\nContent-Length: {len(body)}\r\n"
        request = f"POST {path} HTTP/1.1\r\n{host}{told}\r\n".encode() + body
        while self._free:
            try:
                return await self._sent(self._free.pop(), request)
            except (asyncio.IncompleteReadError, ConnectionError):
                continue
        return await self._sent(await asyncio.open_connection(self._host, self._port), request)

    async def _sent(self, connection: Connection, request: bytes) -> tuple[int, bytes]:
        reader, writer = connection
        writer.write(request)
        head = await reader.readuntil(HEAD_END)
        length = LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
        if CLOSES.search(head):
            writer.close()
        else:
            self._free.append(connection)
        return int(head.split(b" ", 2)[1]), body

    def close(self) -> None:
        for _, writer in self._free:
            writer.close()
