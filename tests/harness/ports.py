"""Ports for the processes that tests start."""

import itertools
import os
import socket

# Below the kernel's range for outgoing connections, so that none of those sits on a port handed out here.
_FIRST, _LAST, _EACH_WORKER = 20_000, 32_000, 1_500


def _own_range() -> itertools.cycle:
    # Workers of one run never share a range; two runs on one machine start at different places in it.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST + (worker * _EACH_WORKER) % (_LAST - _FIRST)
    ports = list(range(first, first + _EACH_WORKER))
    start = (os.getpid() * 7) % _EACH_WORKER
    return itertools.cycle(ports[start:] + ports[:start])


_ports = _own_range()


def free_port() -> int:
    """Return a port that nothing listens on, another one at each call."""
    return next(port for port in _ports if _is_free(port))


def free_ports(count: int) -> int:
    """Return the first of `count` ports in a row that nothing listens on."""
    while True:
        first = next(_ports)
        if all(_is_free(port) for port in range(first, first + count)):
            for _ in range(count - 1):
                next(_ports)
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
