"""A strict chain counts the 60 s of an old secret from the first telling of its successor."""

from collections.abc import Callable

import pytest

from sso_center.core.users import User
from sso_center.services import Services
from tests.chains.devices import REDIRECT, App, Shown
from tests.harness.core import HOUR, MINUTE, Time


@pytest.fixture(scope="module")
def new_app(services: Services, user: User) -> Callable[[], App]:
    client, _ = services.clients.add(
        "strict", redirect_uris=(REDIRECT,), access_token_format="app", is_strict=True
    )
    return lambda: App(services, user, client)


@pytest.fixture
def app(new_app: Callable[[], App], time: Time) -> App:
    made = new_app()
    time.move(2 * HOUR)
    return made


def test_a_secret_whose_successor_was_told_lives_for_sixty_seconds(app: App, time: Time) -> None:
    first = app.show(app.cookie)
    assert first.successor is not None
    time.move(MINUTE // 2)
    # Told once more, which does not prolong it.
    assert app.show(app.cookie) == first
    time.move(MINUTE // 2)
    assert app.show(app.cookie) == first
    time.move(1)
    assert app.show(app.cookie).verdict == "reuse"


def test_an_untold_secret_lives_on(app: App, time: Time) -> None:
    time.move(20 * HOUR)
    assert app.show(app.cookie).verdict == "alive"


def test_the_first_use_of_the_successor_does_not_prolong_the_old_secret(app: App, time: Time) -> None:
    told = app.show(app.cookie).successor
    assert told is not None
    time.move(MINUTE // 2)
    assert app.show(told) == Shown("alive")
    time.move(MINUTE // 2)
    assert app.show(app.cookie) == Shown("alive")
    time.move(1)
    # The new secret has not been told a successor yet: its time has not begun.
    assert app.show(told) == Shown("alive")
    assert app.show(app.cookie).verdict == "reuse"
