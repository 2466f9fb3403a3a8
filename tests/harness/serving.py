"""A server that says byte by byte what a test tells it to, and is gone after the block however that ends."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def serving(*talks: Callable[[socket.socket], None]) -> Iterator[int]:
    """Give each connection that comes to one of `talks`, in order; yields the port.

    A talk that is still going on when the block ends has its connection taken away.
    """
    accepted: list[socket.socket] = []

    def serve() -> None:
        for talk in talks:
            with contextlib.suppress(OSError):
                accepted.append(listener.accept()[0])
                with accepted[-1] as connection:
                    talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for connection in accepted:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            thread.join()
