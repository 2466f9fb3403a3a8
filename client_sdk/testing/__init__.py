"""A small center for a site's own tests: it signs real tokens, and the test controls it.

    with FakeCenter() as center:                        # a real HTTP server, for real browsers too
        app = create_app(center.issuer, client_id="shop", client_secret="secret")
        center.log_in(Person("alice", roles=("staff",)))
        page = center.sign_in(app.test_client(), "/orders?open=1")

Without `with` nothing listens, and `SSO(app, issuer=center.issuer, transport=center.transport, ...)` talks
to it in memory. It accepts every client, and has one browser: `log_in` says who is at the keyboard.
"""

from client_sdk.testing.center import FakeCenter
from client_sdk.testing.person import Person
from client_sdk.testing.tokens import Edit

__all__ = ["Edit", "FakeCenter", "Person"]
