"""A forum: everybody who signs in may read and write, and see a picture by a link that lasts a minute."""

from collections import deque
from pathlib import Path
from typing import Any

from flask import Flask, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue

from client_sdk.flask import SSO
from demo_apps.pages import every_page
from demo_apps.serving import serve

PICTURE = Path(__file__).parent / "protected" / "picture.svg"
FIRST_POSTS = (
    ("Wen", "Welcome! You were signed in here without typing anything, were you not?"),
    ("Noor", "I was. Sign out at the shop, then reload this page."),
)


def create_app(issuer: str, client_id: str, client_secret: str, internal_url: str | None = None) -> Flask:
    """Build the forum."""
    app = Flask(__name__)
    sso = SSO(app, issuer=issuer, client_id=client_id, client_secret=client_secret, internal_url=internal_url)
    posts = deque(FIRST_POSTS, maxlen=50)

    @app.context_processor
    def for_every_page() -> dict[str, Any]:
        return every_page("forum", "Leaf Talk", sso)

    @app.get("/")
    @sso.login_required
    def home() -> str:
        picture = sso.signed_link("picture")
        return render_template("forum.html", posts=posts, picture=picture)

    @app.post("/posts")
    @sso.login_required
    def write() -> ResponseReturnValue:
        text = request.form.get("text", "").strip()[:500]
        if text and sso.user:
            posts.append((sso.user.name, text))
        return redirect("/#write")

    @app.get("/picture.svg")
    @sso.link_or_login_required
    def picture() -> ResponseReturnValue:
        return send_file(PICTURE, mimetype="image/svg+xml")

    return app


if __name__ == "__main__":
    serve(create_app, 9002)
