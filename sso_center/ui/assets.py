"""Style sheets, script, logo and icon: read once at start, cached by browsers until their content changes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, request

STATIC = Path(__file__).parent / "static"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ico": "image/vnd.microsoft.icon",
    ".png": "image/png",
}

FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=300"


@dataclass(frozen=True)
class Asset:
    """One file, and the version that stands in its address."""

    body: bytes
    content_type: str
    version: str


def load(folder: Path) -> dict[str, Asset]:
    """Return the assets of `folder` by file name."""
    return {
        path.name: Asset(
            path.read_bytes(), TYPES[path.suffix], hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        )
        for path in sorted(folder.iterdir())
        if path.suffix in TYPES
    }


def blueprint() -> Blueprint:
    """Return the blueprint that serves the assets, and brings the templates and their `asset(name)`."""
    assets = load(STATIC)
    routes = Blueprint("assets", __name__, template_folder="templates")

    @routes.get("/assets/<name>")
    def asset(name: str) -> Response:
        return _answer(assets.get(name) or abort(404))

    @routes.get("/favicon.ico")
    def favicon() -> Response:
        return _answer(assets["favicon.ico"])

    @routes.app_context_processor
    def for_templates() -> dict[str, object]:
        return {"asset": lambda name: f"/assets/{name}?v={assets[name].version}"}

    return routes


def _answer(asset: Asset) -> Response:
    response = Response(asset.body, content_type=asset.content_type)
    # During an upgrade an old process may be asked for the new version: what it has must not be kept.
    response.headers["Cache-Control"] = FOREVER if request.args.get("v") == asset.version else BRIEFLY
    response.set_etag(asset.version)
    response.make_conditional(request)
    return response
