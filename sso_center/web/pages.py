"""Showing a page: the one function that turns a template into an answer."""

from typing import Any
from urllib.parse import quote

from flask import Flask, Response, render_template

from sso_center.base.settings import Settings
from sso_center.web.logging import request_id


def install(app: Flask, settings: Settings) -> None:
    """Give every template of `app` the name of the service and the request's id."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def known_everywhere() -> dict[str, object]:
        return {"service_name": settings.service_name, "request_id": request_id.get()}


def render(template: str, status: int = 200, **context: Any) -> Response:
    """Return the page made of the named template, in the language of the current request."""
    return Response(render_template(template, **context), status, content_type="text/html; charset=utf-8")


def go(address: str) -> Response:
    """Send the browser to `address` with a GET (303). The caller has made sure that it may be sent there."""
    # A header holds ASCII only; what is escaped already stays as it is.
    location = quote(address, safe=":/?#[]@!$&'()*+,;=%~")
    return Response("", 303, {"Location": location}, content_type="text/plain; charset=utf-8")
