"""/login and the steps behind it: what comes in, what goes on, and where it ends."""

from contextlib import suppress
from dataclasses import asdict, fields

from flask import Blueprint, Response, request, session

from sso_center.base.errors import Conflict, NotFound, Unavailable
from sso_center.core.sessions import TooManySessions
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui.login import order, session_limit
from sso_center.ui.login.destination import Destination, destination_of
from sso_center.ui.login.step import Alternative, Progress, Step, Visit, address_of
from sso_center.web import browser, headers
from sso_center.web.csrf import CSRFError
from sso_center.web.pages import go
from sso_center.web.sign_in import LOGIN

STORED = "login"
"""Where the progress lies in the signed form cookie."""

MAX_AGE = 10 * 60_000
"""How long, in milliseconds, a checked password waits for the steps that follow."""


def blueprint(services: Services) -> Blueprint:
    """Return the routes of all steps, and the entry's: GET shows a step, POST takes what was sent."""
    routes = Blueprint("login", __name__)
    entry = order.first_steps()[0]
    routes.add_url_rule(LOGIN, "entry", _view(services, entry), methods=["GET", "POST"])
    for step in order.STEPS:
        routes.add_url_rule(step.path, step.name, _view(services, step), methods=["GET", "POST"])

    @routes.errorhandler(CSRFError)
    def open_too_long(_error: CSRFError) -> Response:
        destination = _destination()
        step = next((step for step in order.STEPS if step.path == request.path), entry)
        if step.show_again is None:
            return go(address_of(LOGIN, destination))
        return step.show_again(_visit(services, step, destination))

    return routes


def _view(services: Services, step: Step):  # type: ignore[no-untyped-def]
    def view() -> Response:
        # The last step's form is answered by a redirect that ends at the site that waits.
        headers.let_forms_lead_elsewhere()
        destination = _destination()
        if request.method == "POST":
            return _take(services, step, destination)
        return _show(services, step, destination)

    return view


def _show(services: Services, step: Step, destination: Destination) -> Response:
    if step.begins:
        session.pop(STORED, None)
        if browser.current() is not None and not destination.asks_again:
            return go(destination.address)
    visit = _visit(services, step, destination)
    return step.show(visit) if _may_be_taken(step, visit) else go(address_of(LOGIN, destination))


def _take(services: Services, step: Step, destination: Destination) -> Response:
    visit = _visit(services, step, destination)
    if not _may_be_taken(step, visit):
        return go(address_of(LOGIN, destination))
    outcome = step.take(visit)
    if isinstance(outcome, Response):
        return outcome
    return _go_on(services, outcome, destination)


def _may_be_taken(step: Step, visit: Visit) -> bool:
    # Whoever chooses to start again may; all other steps are taken in their turn.
    return bool(step.begins) or order.next_step(visit.progress, visit.user) is step


def _go_on(services: Services, progress: Progress, destination: Destination) -> Response:
    user = _user_of(services, progress)
    if user is None:
        # The password that was right a moment ago may be the one that was just taken away from a thief.
        raise Conflict("The account was changed a moment ago. Please sign in again.")
    step = order.next_step(progress, user)
    if step is not None:
        session[STORED] = asdict(progress)
        return go(address_of(step.path, destination))
    session.pop(STORED, None)
    try:
        browser.open_session(user, remember=progress.is_remembered, amr=progress.amr)
    except TooManySessions as refused:
        return session_limit.show(services, user, refused, destination)
    # Only now, since the session gave a new browser the mark by which it is known from now on. From here the
    # person is in, whatever else fails; the audit log hears of it from the script that let them in.
    mark = browser.device()
    with suppress(Unavailable):
        if mark is not None:
            services.limits.remember_device(user.username, mark)
    return go(destination.address)


def _visit(services: Services, step: Step, destination: Destination) -> Visit:
    progress = None if step.begins else _stored(services)
    user = _user_of(services, progress) if progress else None
    alternatives = _alternatives(step, destination)
    return Visit(services, destination, progress if user else None, user, request.path, alternatives)


def _alternatives(step: Step, destination: Destination) -> tuple[Alternative, ...]:
    if not step.begins:
        return ()
    others = (other for other in order.first_steps() if other is not step)
    return tuple(Alternative(other.begins, address_of(other.path, destination)) for other in others)


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


def _destination() -> Destination:
    return destination_of(request.args.get("next", ""), again="again" in request.args)
