"""An admin at the console, and the way through a question."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.harness.browser import Page
from tests.harness.center import Center
from tests.ui.conftest import Member

ROLE = "sso-admin"


@dataclass(frozen=True)
class Boss:
    """Somebody with the admins' role, signed in a moment ago."""

    member: Member

    @property
    def center(self) -> Center:
        """Return the center."""
        return self.member.center

    @property
    def sub(self) -> str:
        """Return who it is."""
        return self.member.person.sub

    def get(self, path: str) -> Page:
        """Open a page."""
        return self.member.get(path)

    def send(self, path: str, **fields: str) -> Page:
        """Fill in the form of a page and send it; returns what comes of it, which may be a question."""
        page = self.get(path)
        assert page.status == 200, page.text
        return self.member.browser.submit(page, "go-on", **fields)

    def confirm(self, question: Page) -> Page:
        """Say yes to a question."""
        assert question.status == 200, question.text
        return self.member.browser.submit(question, "confirm")

    def do(self, path: str) -> Page:
        """Open a question and say yes; returns the answer, following nothing."""
        return self.confirm(self.get(path))

    def audited(self, tag: str) -> dict[str, object]:
        """Return the newest entry of a kind in the audit log, after a look at who it says did it."""
        entry = next(one for one in self.center.services.audit.latest(200) if one.tag == tag)
        assert entry.actor == self.sub
        return {**vars(entry), **entry.detail}


@pytest.fixture
def boss(center: Center, sign_in: Callable[..., Member]) -> Boss:
    """A new admin, signed in."""
    role = center.settings.get("SSO_ADMIN_ROLE", ROLE)
    return Boss(sign_in(center.add_person(roles=[role])))
