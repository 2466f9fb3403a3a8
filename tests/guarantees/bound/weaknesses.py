"""What the SDK would be without one of its mechanisms, so that the proof can be seen to fail."""

from collections.abc import Callable


def none() -> None:
    """Leave the SDK as it is."""


WEAKNESSES: dict[str, Callable[[], None]] = {"": none}
