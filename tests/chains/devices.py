"""What holds a chain's token: a browser its cookie, an app its app token. Both are used in the same ways."""

from dataclasses import dataclass

from sso_center.core.chains.token import ChainSigner, ChainToken
from sso_center.core.clients import Client
from sso_center.core.grants import GrantRequest
from sso_center.core.sessions import Outcome
from sso_center.core.tokens import ReusedApp
from sso_center.core.users import User
from sso_center.services import Services
from tests.chains.test_rotation import Phone

REDIRECT = "app.example:/callback"

_REFUSALS = {Outcome.ROLLBACK: "rollback", Outcome.REUSE: "reuse", Outcome.UNKNOWN: "unknown"}


@dataclass(frozen=True)
class Shown:
    """What came of using a token: "alive", "reuse", "rollback", "unknown" or "refused", and what was told."""

    verdict: str
    successor: str | None = None


class Browser(Phone):
    """A browser, and the cookie of its session."""

    purpose, is_strict = "session", False

    def show(self, text: str) -> Shown:
        """Use a cookie."""
        visit = self.services.sessions.visit(text)
        if visit.session is not None:
            return Shown("alive", visit.successor)
        return Shown(_REFUSALS.get(visit.outcome, "refused"))

    def signer(self) -> ChainSigner:
        """Return what signs tokens of this kind."""
        return ChainSigner(self.services.keys.cookie_secrets(self.purpose), self.purpose)

    def token(self, cookie: str | None = None) -> ChainToken:
        """Return the token that is held, or another, as the chain knows it."""
        found = self.signer().loads(cookie or self.cookie)
        assert found is not None
        return found


class App(Browser):
    """An app, and the app token it got for a login in a browser. An API that asks is told no reasons."""

    purpose = "app"

    def __init__(self, services: Services, user: User, client: Client) -> None:
        super().__init__(services, user)
        self.client, self.is_strict = client, client.is_strict
        request = GrantRequest(client.client_id, REDIRECT, scope=("openid",))
        code = services.grants.issue(self.cookie, request).code
        assert code is not None
        given = services.tokens.redeem(code, client=client, redirect_uri=REDIRECT, code_verifier=None)
        assert given.authentication.sid is not None
        self.sid, self.cookie = given.authentication.sid, given.access_token

    def show(self, text: str) -> Shown:
        """Use an app token."""
        try:
            found = self.services.tokens.find_active(text, asker=self.client)
        except ReusedApp as reused:
            return Shown("reuse" if reused.sid == self.sid else "another's reuse")
        if found is None:
            return Shown("refused")
        assert (found.kind, found.sid) == ("app", self.sid)
        return Shown("alive", found.successor)
