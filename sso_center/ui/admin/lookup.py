"""What is typed or linked to find something: people by name or id, numbers as they are."""

from sso_center.base.errors import NotFound
from sso_center.core.users import User
from sso_center.services import Services

MAX_DIGITS = 15


def user_called(services: Services, name: str) -> User | None:
    """Return the person with this login name or this `sub`, None when there is nobody. Raises Unavailable."""
    found = services.users.find(name) if name else None
    if found is not None or not name:
        return found
    try:
        return services.users.get(name)
    except NotFound:
        return None


def sub_called(services: Services, name: str) -> str | None:
    """Return the `sub` of the person with this login name, None when there is nobody. Raises Unavailable."""
    user = user_called(services, name)
    return user.sub if user else None


def a_number(text: str) -> int | None:
    """Return a whole number from an address; None when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else None
