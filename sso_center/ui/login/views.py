"""/login and the steps behind it: what comes in, what goes on, and where it ends."""

from contextlib import suppress
from dataclasses import asdict, fields

from flask import Blueprint, Response, request, session

from sso_center.base.errors import Conflict, NotFound, Unavailable
from sso_center.base.urls import with_query
from sso_center.core.sessions import TooManySessions
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui.login import order, password, session_limit
from sso_center.ui.login.destination import Destination, destination_of
from sso_center.ui.login.step import Progress, Step, Visit
from sso_center.web import browser, headers
from sso_center.web.address import client_address
from sso_center.web.csrf import CSRFError
from sso_center.web.pages import go

STORED = "login"
"""Where the progress lies in the signed form cookie."""

MAX_AGE = 10 * 60_000
"""How long, in milliseconds, a checked password waits for the steps that follow."""


def blueprint(services: Services) -> Blueprint:
    """Return the routes of all steps: GET shows one, POST takes what was sent."""
    routes = Blueprint("login", __name__)
    for step in order.STEPS:
        routes.add_url_rule(step.path, step.name, _view(services, step), methods=["GET", "POST"])

    @routes.errorhandler(CSRFError)
    def open_too_long(_error: CSRFError) -> Response:
        destination = _destination(services)
        if request.path != password.STEP.path:
            return _send_to(password.STEP, destination)
        return password.show_again(Visit(services, destination, None, None))

    return routes


def _view(services: Services, step: Step):  # type: ignore[no-untyped-def]
    def view() -> Response:
        # The last step's form is answered by a redirect that ends at the site that waits.
        headers.let_forms_lead_elsewhere()
        destination = _destination(services)
        if request.method == "POST":
            return _take(services, step, destination)
        return _show(services, step, destination)

    return view


def _show(services: Services, step: Step, destination: Destination) -> Response:
    if step is password.STEP:
        session.pop(STORED, None)
        if browser.current() is not None and not destination.asks_again:
            return go(destination.address)
    visit = _visit(services, destination)
    if order.next_step(visit.progress, visit.user) is not step:
        return _send_to(password.STEP, destination)
    return step.show(visit)


def _take(services: Services, step: Step, destination: Destination) -> Response:
    visit = _visit(services, destination)
    # The first step may be taken at any time, by whoever chooses to start again; the others in their turn.
    if step is not password.STEP and order.next_step(visit.progress, visit.user) is not step:
        return _send_to(password.STEP, destination)
    outcome = step.take(visit)
    if isinstance(outcome, Response):
        return outcome
    return _go_on(services, outcome, destination)


def _go_on(services: Services, progress: Progress, destination: Destination) -> Response:
    user = _user_of(services, progress)
    if user is None:
        # The password that was right a moment ago may be the one that was just taken away from a thief.
        raise Conflict("The account was changed a moment ago. Please sign in again.")
    step = order.next_step(progress, user)
    if step is not None:
        session[STORED] = asdict(progress)
        return _send_to(step, destination)
    session.pop(STORED, None)
    try:
        browser.open_session(user, remember=progress.is_remembered, amr=progress.amr)
    except TooManySessions as refused:
        return session_limit.show(services, user, refused, destination)
    # Only now, since the session gave a new browser the mark by which it is known from now on. From here the
    # person is in, whatever else fails; the audit log hears of it from the script that let them in.
    with suppress(Unavailable):
        services.limits.login_succeeded(user.username, client_address(), browser.device())
    return go(destination.address)


def _visit(services: Services, destination: Destination) -> Visit:
    progress = _stored(services)
    user = _user_of(services, progress) if progress else None
    return Visit(services, destination, progress if user else None, user)


def _stored(services: Services) -> Progress | None:
    stored = session.get(STORED)
    # What a center of another version began is begun anew.
    if not stored or set(stored) != {field.name for field in fields(Progress)}:
        return None
    progress = Progress(**{**stored, "amr": tuple(stored["amr"])})
    return progress if 0 <= services.clock() - progress.started_at < MAX_AGE else None


def _user_of(services: Services, progress: Progress) -> User | None:
    try:
        user = services.users.get(progress.sub)
    except NotFound:
        return None
    return None if user.is_disabled or user.version != progress.version else user


def _destination(services: Services) -> Destination:
    return destination_of(request.args.get("next", ""), again="again" in request.args)


def _send_to(step: Step, destination: Destination) -> Response:
    return go(with_query(step.path, next=destination.address, again="1" if destination.asks_again else None))
