"""The one place that turns errors into answers: a page for people, JSON for programs, never a trace."""

import logging
from dataclasses import dataclass

from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from sso_center.base.errors import Conflict, Invalid, NotFound, SSOError, TooMany, Unavailable
from sso_center.web.csrf import CSRFError
from sso_center.web.language import gettext, lazy_gettext
from sso_center.web.pages import render

log = logging.getLogger(__name__)

_EXTENSION = "sso-program-paths"


class ShownError(SSOError):
    """A request from a site that must be shown to the person and never sent back by a redirect.

    Raised when the client or its redirect address isn't one we know: sending the browser there would make
    the center an open redirector (RFC 6749 section 4.1.2.1). `message` and `hint` are for the site's
    developer, in English; both are escaped where they are shown.
    """

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.hint = hint


@dataclass(frozen=True)
class Problem:
    """What is said of one kind of error: `code` to programs, `title` and `text` to people."""

    status: int
    code: str
    title: str
    text: str


PROBLEMS = {
    problem.status: problem
    for problem in (
        Problem(
            400,
            "invalid_request",
            lazy_gettext("That didn't work"),
            lazy_gettext("Something in the request wasn't right. Please go back and try once more."),
        ),
        Problem(
            403,
            "access_denied",
            lazy_gettext("Not allowed"),
            lazy_gettext("You are not allowed to do this."),
        ),
        Problem(
            404,
            "not_found",
            lazy_gettext("Nothing here"),
            lazy_gettext("This page doesn't exist, or it doesn't any more."),
        ),
        Problem(
            405,
            "method_not_allowed",
            lazy_gettext("Nothing here"),
            lazy_gettext("This address can't be opened in this way. Start from your account page instead."),
        ),
        Problem(
            409,
            "conflict",
            lazy_gettext("Changed meanwhile"),
            lazy_gettext("Something else changed in the meantime. Please go back and look again."),
        ),
        Problem(
            413,
            "too_large",
            lazy_gettext("Too large"),
            lazy_gettext("More was sent than we accept here."),
        ),
        Problem(
            415,
            "unsupported_media_type",
            lazy_gettext("That didn't work"),
            lazy_gettext("What was sent has a form that we can't read."),
        ),
        Problem(
            429,
            "too_many_requests",
            lazy_gettext("Too many attempts"),
            lazy_gettext("There were too many attempts. Please wait a little and try again."),
        ),
        Problem(
            500,
            "server_error",
            lazy_gettext("Our mistake"),
            lazy_gettext(
                "Something went wrong on our side. You did nothing wrong, and nothing of yours is lost. "
                "Please try again; if it happens again, tell the people who run this service."
            ),
        ),
        Problem(
            503,
            "temporarily_unavailable",
            lazy_gettext("Back in a moment"),
            lazy_gettext(
                "The service can't reach its records just now. If you were signed in, you still are. "
                "Please try again in a few seconds."
            ),
        ),
    )
}


def install(app: Flask, program_paths: tuple[str, ...]) -> None:
    """Answer every error that `app` raises; a façade or a page may answer its own before that.

    Below `program_paths` errors are JSON, whatever the request says it accepts.
    """
    app.extensions[_EXTENSION] = program_paths
    app.register_error_handler(ShownError, _shown)
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(TooMany, _too_many)
    app.register_error_handler(NotFound, lambda error: answer(404, detail=error.detail))
    app.register_error_handler(Conflict, lambda error: answer(409, detail=error.detail))
    app.register_error_handler(
        Invalid,
        lambda error: answer(400, text=error.message and gettext(error.message), detail=error.detail),
    )
    app.register_error_handler(CSRFError, _forged_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def answer(
    status: int,
    *,
    text: str = "",
    title: str = "",
    instead: tuple[str, str] | None = None,
    detail: str = "",
) -> Response:
    """Return the answer for an error: a page, or JSON when a program asks.

    `title` and `text`, for the person, replace the usual ones of that status; `instead` is an address where
    they get on, and what it is called; `detail` goes to the log.
    """
    problem = PROBLEMS.get(status) or PROBLEMS[400 if status < 500 else 500]
    if detail:
        log.info("%s %s: %s", status, problem.code, detail)
    if is_for_program():
        response = jsonify(error=problem.code, error_description=text or str(problem.text))
        response.status_code = status
        return response
    return render(
        "error.html",
        status,
        code=status,
        title=title or problem.title,
        text=text or problem.text,
        instead=instead,
        may_retry=status in (429, 500, 503) and request.method == "GET",
    )


def is_for_program() -> bool:
    """Say whether the current request comes from a program rather than from a person's browser."""
    if request.path.startswith(current_app.extensions[_EXTENSION]):
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def wait_text(seconds: int) -> str:
    """Return what to say to whom a limit stopped: that it did, and when to try again."""
    if seconds <= 60:
        return gettext("There were too many attempts. Please try again in a minute.")
    return gettext(
        "There were too many attempts. Please try again in %(minutes)s minutes.", minutes=-(-seconds // 60)
    )


def _shown(error: ShownError) -> Response:
    log.info("refused and shown: %s", error.detail or error.message)
    if is_for_program():
        response = jsonify(error="invalid_request", error_description=error.message)
        response.status_code = 400
        return response
    return render(
        "error.html",
        400,
        code=400,
        title=gettext("This link can't be used"),
        text=gettext(
            "The site that sent you here asked in a way that we can't trust, so we stopped. Nothing is wrong "
            "with your account. Go back to the site and start again; if that doesn't help, tell the people "
            "who run it."
        ),
        developer_message=error.message,
        developer_hint=error.hint,
    )


def _unavailable(error: Unavailable) -> Response:
    log.warning("unavailable: %s", error.detail or error.message)
    response = answer(503)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _too_many(error: TooMany) -> Response:
    response = answer(429, text=wait_text(error.retry_after), detail=error.detail)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _forged_form(error: CSRFError) -> Response:
    return answer(
        400,
        title=gettext("Please send it once more"),
        text=gettext(
            "The page had been open for so long that its form is no longer valid. Nothing was changed. "
            "Go back, reload the page and send it again."
        ),
        detail=str(error.description),
    )


def _http(error: HTTPException) -> Response:
    if isinstance(error.response, Response):
        return error.response
    response = answer(error.code or 500)
    for name, value in error.get_headers():
        # Allow of a 405, Retry-After of a 429 or 503; the body and its type are ours.
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    # The path alone: a query may hold a code or a token.
    log.error("unexpected error at %s %s", request.method, request.path, exc_info=error)
    return answer(500)
