"""Requests of browsers that may come as a query or as a form of another site.

Another site's POST brings no Lax cookie, so the browser is sent to the same request as a GET, which does.
"""

from flask import request

from sso_center.protocols.api import read_body
from sso_center.protocols.parameters import FORM
from sso_center.web.errors import ShownError


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
        body = read_body().decode("ascii")
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
