"""What the SDK would be without one of its mechanisms, so that the proof can be seen to fail."""

from collections.abc import Callable


def none() -> None:
    """Leave the SDK as it is."""


WEAKNESSES: dict[str, Callable[[], None]] = {"": none}


def fresh_from_receipt() -> None:
    """Count what an answer says from when it came, not from when its question was sent."""
    from client_sdk.core.clock import Clock
    from client_sdk.core.view import View

    prove = View.prove
    steady = Clock().steady
    View.prove = lambda self, sid, as_of: prove(self, sid, steady())


WEAKNESSES["receipt"] = fresh_from_receipt
