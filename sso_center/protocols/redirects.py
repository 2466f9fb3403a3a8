"""Sending the browser on, with an address that leaves exactly as it was registered or made."""

from wsgiref.types import WSGIEnvironment

from flask import Response
from werkzeug.datastructures import Headers


class PlainResponse(Response):
    """A response that leaves as it is.

    Werkzeug rewrites a Location, which costs time and could make of a registered address one that only
    looks the same. Whoever makes one of these sees to it that its headers are ASCII.
    """

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return the headers as they are."""
        return self.headers


def found(location: str) -> Response:
    """Send the browser to `location`, after a GET (302)."""
    return _redirect(302, location)


def see_other(location: str) -> Response:
    """Send the browser to `location` with a GET, whatever it came with (303)."""
    return _redirect(303, location)


def _redirect(status: int, location: str) -> Response:
    headers = (("Location", location), ("Cache-Control", "no-store"), ("Content-Length", "0"))
    return PlainResponse(b"", status, headers)
