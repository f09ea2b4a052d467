"""A connection to Redis that breaks at the worst moment."""

import socket
import threading
from types import TracebackType
from typing import Literal, Self

Moment = Literal["before", "after"]


class LossyLink:
    """A relay in front of Redis. `break_once` lets it break at the next EXEC: before Redis has it, or after.

    After: Redis has carried the transaction out, and its answer is lost.
    """

    def __init__(self, redis_port: int) -> None:
        self._redis_port = redis_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._moment: Moment | None = None
        self.broken = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listening.getsockname()[1]}/0"

    def break_once(self, moment: Moment) -> None:
        self._moment = moment

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(caller,), daemon=True).start()

    def _relay(self, caller: socket.socket) -> None:
        # Strictly by turns: a command goes to Redis, its answer comes back.
        with caller, socket.create_connection(("127.0.0.1", self._redis_port)) as redis:
            while request := caller.recv(2**20):
                moment = self._moment if b"EXEC" in request else None
                if moment:
                    self._moment = None
                    self.broken += 1
                if moment == "before":
                    return
                redis.sendall(request)
                answer = redis.recv(2**20)
                if moment == "after":
                    return
                caller.sendall(answer)
