"""A staff portal: only for people with the role `staff`; and an API for the shop and for phones."""

from typing import Any

from flask import Flask, jsonify, render_template
from flask.typing import ResponseReturnValue

from client_sdk.flask import SSO
from demo_apps.pages import every_page
from demo_apps.serving import serve
from demo_apps.stock import SCOPE, STOCK

SHIFTS = (
    ("Monday", "Wen, Noor", "Open 9 to 18"),
    ("Tuesday", "Ida", "Stocktaking from 14"),
    ("Wednesday", "Noor, Li", "Open 9 to 18"),
    ("Thursday", "Wen, Ida", "Tasting at 17"),
    ("Friday", "Li", "Open 9 to 20"),
)


def create_app(issuer: str, client_id: str, client_secret: str, internal_url: str | None = None) -> Flask:
    """Build the staff portal."""
    app = Flask(__name__)
    sso = SSO(app, issuer=issuer, client_id=client_id, client_secret=client_secret, internal_url=internal_url)

    @app.context_processor
    def for_every_page() -> dict[str, Any]:
        return every_page("staff", "Back Room", sso)

    @app.get("/")
    @sso.roles_required("staff")
    def home() -> str:
        return render_template("staff.html", shifts=SHIFTS)

    @app.get("/api/stock")
    @sso.token_required(scope=SCOPE)
    def stock() -> ResponseReturnValue:
        return jsonify(STOCK)

    @app.get("/api/shifts")
    @sso.token_required(role="staff")
    def shifts() -> ResponseReturnValue:
        return jsonify([" · ".join(shift) for shift in SHIFTS])

    return app


if __name__ == "__main__":
    serve(create_app, 9003)
