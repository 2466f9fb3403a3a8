"""A shop: everybody who signs in may look around and put things in a basket."""

from collections import defaultdict
from typing import Any

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from client_sdk.flask import SSO
from demo_apps.pages import every_page
from demo_apps.serving import serve
from demo_apps.stock import SCOPE, left_in_stock

GOODS = {
    "teapot": ("Teapot, celadon", "一壶春", 48),
    "cups": ("Two small cups", "对杯", 22),
    "oolong": ("Oolong, 100 g", "乌龙", 16),
    "kettle": ("Cast-iron kettle", "铁壶", 90),
    "tray": ("Bamboo tray", "竹茶盘", 35),
    "matcha": ("Matcha, 30 g", "抹茶", 19),
}


def create_app(issuer: str, client_id: str, client_secret: str, internal_url: str | None = None) -> Flask:
    """Build the shop."""
    app = Flask(__name__)
    sso = SSO(
        app,
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        internal_url=internal_url,
        scope=f"openid profile email {SCOPE}",
        keep_tokens=True,
    )
    baskets: dict[str, list[str]] = defaultdict(list)

    @app.context_processor
    def for_every_page() -> dict[str, Any]:
        return every_page("shop", "Tea & Things", sso)

    @app.get("/")
    @sso.login_required
    def home() -> str:
        search = request.args.get("q", "").lower()
        found = {key: goods for key, goods in GOODS.items() if search in f"{key} {goods}".lower()}
        left = left_in_stock(sso)
        return render_template("shop.html", goods=found, search=search, basket=basket(), left=left)

    @app.post("/basket")
    @sso.login_required
    def put_in_basket() -> ResponseReturnValue:
        if request.form.get("item") in GOODS and len(basket()) < 20:
            basket().append(GOODS[request.form["item"]][0])
        return redirect("/")

    def basket() -> list[str]:
        return baskets[sso.user.sub] if sso.user else []

    return app


if __name__ == "__main__":
    serve(create_app, 9001)
