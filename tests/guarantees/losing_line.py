"""A line to the store that can lose an answer: the store did what it was asked, and nobody hears of it."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class LosingLine:
    """A TCP proxy on a port of its own: as good as a center that dies before it can reply."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._is_losing = threading.Event()
        self.lost = 0

    @property
    def url(self) -> str:
        """The address under which the store is reached over this line."""
        return f"redis://127.0.0.1:{self._listening.getsockname()[1]}"

    def lose_next(self) -> None:
        """Swallow the next reply of the store and hang up."""
        self._is_losing.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open += [near, far]
                threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()
                threading.Thread(target=self._bring_back, args=(far, near), daemon=True).start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                far.sendall(data)
        _hang_up(near, far)

    def _bring_back(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                if self._is_losing.is_set():
                    self._is_losing.clear()
                    self.lost += 1
                    break
                near.sendall(data)
        _hang_up(near, far)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _hang_up(self._listening, *self._open)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
