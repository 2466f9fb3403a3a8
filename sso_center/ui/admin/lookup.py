"""Look up what was typed or linked: people by name or id, numbers as they are."""

from sso_center.services import Services

MAX_DIGITS = 15


def sub_called(services: Services, name: str) -> str | None:
    """Return the `sub` of the person with this login name, None when there is nobody. Raises Unavailable."""
    user = services.users.called(name)
    return user.sub if user else None


def a_number(text: str) -> int | None:
    """Return a whole number from an address; None when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else None
