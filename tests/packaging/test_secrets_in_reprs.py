"""What holds a secret does not show it: what an object says of itself ends up in logs and traces."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import ModuleType

import pytest

import client_sdk
import sso_center

SECRET = frozenset(
    {
        *("secret", "client_secret", "secret_key", "password", "password_hash", "redis_url", "database_url"),
        *("cookie", "successor", "authorization", "access_token", "refresh_token", "id_token", "verifier"),
    }
)


def modules() -> Iterator[ModuleType]:
    for package in (sso_center, client_sdk):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            # Those are run, not imported.
            if ".migrations." not in found.name and not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


@pytest.mark.usefixtures("no_settings")
def test_no_object_shows_the_secrets_it_holds() -> None:
    classes = {kind for module in modules() for kind in vars(module).values() if isinstance(kind, type)}
    held = [
        (kind.__qualname__, field)
        for kind in classes
        if is_dataclass(kind)
        for field in fields(kind)
        if field.name in SECRET
    ]
    assert len(held) > 20
    assert [f"{kind}.{field.name}" for kind, field in held if field.repr] == []
