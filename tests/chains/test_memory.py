"""How many old secrets a chain knows again, and what each of them proves."""

from dataclasses import replace

import pytest

from sso_center.core.users import User
from sso_center.services import Services
from tests.chains.devices import Browser
from tests.harness.core import Time


class Rotating(Browser):
    """A browser whose cookie has been replaced many times."""

    def __init__(self, services: Services, user: User, time: Time) -> None:
        super().__init__(services, user)
        self.old = [self.rotate(time) for _ in range(131)]
        """The cookies of 131 generations, the oldest first; all but the newest had their sixty seconds."""
        self.rotate(time)

    def verdicts(self) -> list[str]:
        return [self.show(cookie).verdict for cookie in self.old]


@pytest.fixture
def rotating(services: Services, user: User, time: Time) -> Rotating:
    return Rotating(services, user, time)


def test_a_chain_knows_128_old_secrets_and_grows_no_further(rotating: Rotating) -> None:
    # Of a secret older than that nothing can be said, so nothing ends by it.
    assert [rotating.show(cookie).verdict for cookie in rotating.old[:4]] == ["unknown"] * 4
    assert rotating.use().session is not None
    assert rotating.show(rotating.old[4]).verdict == "reuse"


def test_an_old_secret_proves_nothing_of_another_generation(rotating: Rotating) -> None:
    for cookie in rotating.old[-3:]:
        secret = rotating.token(cookie)
        for generation in (1, 2, 3, 60, secret.generation - 1):
            forged = rotating.signer().dumps(replace(secret, generation=generation))
            assert rotating.show(forged).verdict == "unknown"
    assert rotating.use().session is not None
