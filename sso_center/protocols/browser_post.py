"""Requests of browsers that may be a query or another site's form (a cross-site POST).

Another site's POST brings no Lax cookie, so the browser is sent to the same request as a GET, which does.
"""

from collections.abc import Callable

from flask import Blueprint, Flask, Response, abort, request
from flask.sansio.blueprints import BlueprintSetupState

from sso_center.protocols.api import MAX_BODY
from sso_center.protocols.parameters import FORM
from sso_center.web import csrf
from sso_center.web.errors import ShownError

METHODS = ["GET", "POST"]


def blueprint(name: str, import_name: str, path: str, view: Callable[[], Response]) -> Blueprint:
    """Return a blueprint that serves GET and POST of one path.

    It is exempt from the check of our form's token: a POST of another site is as welcome as a link. A HEAD is
    refused, since nobody expects it to do anything.
    """
    made = Blueprint(name, import_name)

    def answer() -> Response:
        if request.method not in METHODS:
            abort(405, valid_methods=METHODS)
        return view()

    def exempt(state: BlueprintSetupState) -> None:
        assert isinstance(state.app, Flask)
        csrf.exempt(state.app, made)

    made.add_url_rule(path, name, answer, methods=METHODS, provide_automatic_options=False)
    made.record_once(exempt)
    return made


def query(limit: int) -> str:
    """Return the query of the current request.

    Raises ShownError when it is longer than `limit` characters or could not stand in an address as it is.
    """
    return checked(request.environ.get("QUERY_STRING", ""), limit)


def form_as_query(limit: int) -> str:
    """Return query and form of the current request as one query; raises ShownError likewise."""
    if request.mimetype != FORM:
        raise ShownError(f"Send the parameters as {FORM}.")
    try:
        request.max_content_length = MAX_BODY
        body = request.get_data().decode("ascii")
    except UnicodeDecodeError as bad:
        raise ShownError("The request is not a form.") from bad
    parts = (request.environ.get("QUERY_STRING", ""), body)
    return checked("&".join(part for part in parts if part), limit)


def checked(raw: str, limit: int) -> str:
    """Return `raw` when it can stand in an address as it is; raises ShownError otherwise."""
    if len(raw) > limit:
        raise ShownError(f"The request is longer than {limit} characters.")
    if not (raw.isascii() and raw.isprintable()) or " " in raw or "#" in raw:
        raise ShownError("The request is not a query.")
    return raw
