"""Ports for the processes that tests start."""

import atexit
import itertools
import random
import socket

# Below the kernel's range for outgoing connections, so that none of those sits on a port handed out here.
_PORTS = range(20_000, 32_000)
_START = random.randrange(len(_PORTS))
_ports = itertools.cycle((*_PORTS[_START:], *_PORTS[:_START]))


def free_port() -> int:
    """Return a port that nothing listens on, another one at each call."""
    return next(port for port in _ports if _is_free(port))


def free_ports(count: int) -> int:
    """Return the first of `count` ports in a row that nothing listens on."""
    while True:
        first = next(_ports)
        if all(_is_free(port) for port in range(first, first + count)):
            return first


def _is_free(port: int) -> bool:
    return _is_ours(port) and _has_no_listener(port)


def _is_ours(port: int) -> bool:
    # Between the choice of a port and the first listener on it another run of the tests may choose it too,
    # so each is claimed by a name that Linux keeps until this process ends.
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0sso-center-tests-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _has_no_listener(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _let_go() -> None:
    for claim in _claims:
        claim.close()


_claims: list[socket.socket] = []
atexit.register(_let_go)
