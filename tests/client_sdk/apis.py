"""An API that the SDK guards, asked in memory, with clocks the test moves."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.test import TestResponse

from client_sdk.flask import SSO
from client_sdk.testing import FakeCenter
from tests.client_sdk.sites import Times


class Api:
    """The API `stock`; `get` and `post` ask it with a token."""

    def __init__(self, center: FakeCenter, times: Times, **settings: Any) -> None:
        self.center = center
        self.app = Flask("stock")
        given = {
            "issuer": center.issuer,
            "client_id": "stock",
            "client_secret": "only stock and the center know",
            "clock": times.clock,
            "follow": False,
            "transport": center.transport,
            **settings,
        }
        self.sso = SSO(self.app, **given)
        self.checks = self.app.extensions["sso"].guard._checks
        _add_routes(self.app, self.sso)

    def ask(
        self,
        token: str | None = None,
        path: str = "/items",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        cookies: str = "",
        **options: Any,
    ) -> TestResponse:
        """Ask for `path` with a token in the Authorization header, or without one."""
        sent = {**({"Authorization": f"Bearer {token}"} if token is not None else {}), **(headers or {})}
        if cookies:
            sent["Cookie"] = cookies
        return self.app.test_client(use_cookies=False).open(path, method=method, headers=sent, **options)

    def status(self, token: str | None, path: str = "/items") -> int:
        """Return the status of the answer."""
        return self.ask(token, path).status_code

    def tell(self, logout_token: str) -> None:
        """Deliver a logout token, as the center does."""
        data = {"logout_token": logout_token}
        assert self.ask(path="/sso/backchannel-logout", method="POST", data=data).status_code == 200


def _add_routes(app: Flask, sso: SSO) -> None:
    @app.route("/items", methods=["GET", "POST"])
    @sso.token_required()
    def items() -> Any:
        token = sso.token
        assert token is not None
        return jsonify(
            sub=token.sub,
            client_id=token.client_id,
            sid=token.sid,
            username=token.username,
            scope=token.scope,
            roles=token.roles,
            kind=token.kind,
        )

    @app.get("/orders")
    @sso.token_required(scope="orders:read orders:list", role="staff")
    def orders() -> str:
        return "orders"

    @app.get("/catalog")
    @sso.token_required()
    def catalog() -> Response:
        return Response("the same for a minute", headers={"Cache-Control": "public, max-age=60"})

    @app.get("/reports")
    @sso.token_required(audience="reports")
    def reports() -> str:
        return "reports"

    @app.get("/open")
    def everybody() -> str:
        return "nobody" if sso.token is None else sso.token.sub
