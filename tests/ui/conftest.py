"""Somebody who is signed in, and the addresses of the pages."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import select, update

from sso_center.storage.schema import users
from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person


@dataclass(frozen=True)
class Member:
    """A person in a browser in which they are signed in."""

    center: Center
    person: Person
    browser: Browser

    def get(self, path: str) -> Page:
        """Open a page of the center."""
        return self.browser.get(self.center.url(path))

    @property
    def is_signed_in(self) -> bool:
        """Whether the account page shows itself."""
        return self.get("/account").status == 200


def set_as_before(center: Center, sub: str, **fields: object) -> None:
    """Store fields of a profile as they were valid by rules of before."""
    with center.services.database.write() as connection:
        row = users.c.sub == sub
        profile = connection.execute(select(users.c.profile).where(row)).scalar_one()
        connection.execute(update(users).where(row).values(profile={**profile, **fields}))
    center.services.users.refill(sub)


@pytest.fixture
def sign_in(center: Center, new_browser: Callable[..., Browser]) -> Callable[..., Member]:
    """Sign somebody in: `sign_in()` a new person, `sign_in(person, user_agent=...)` once more elsewhere."""

    def do(person: Person | None = None, *, remember: bool = False, **options: str) -> Member:
        person, browser = person or center.add_person(), new_browser(**options)
        fields = {"remember": "yes"} if remember else {}
        page = browser.log_in(browser.get(center.url("/login")), person.username, person.password, **fields)
        assert page.status == 303, page.text
        return Member(center, person, browser)

    return do


@pytest.fixture
def member(sign_in: Callable[..., Member]) -> Member:
    """A new person, signed in."""
    return sign_in()
