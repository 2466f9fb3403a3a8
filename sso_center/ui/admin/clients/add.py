"""/admin/clients/new: registering a site, whose secret is shown once."""

from flask import Blueprint, Response, flash, request

from sso_center.base.errors import Conflict, Invalid
from sso_center.core.clients.rules import Registration
from sso_center.services import Services
from sso_center.ui.admin.clients.form import NEW, grant_types, read_form, shown, warning_of
from sso_center.ui.admin.clients.secret import show_secret
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed, is_sent
from sso_center.ui.admin.gate import acting
from sso_center.ui.core_messages import in_words
from sso_center.web.language import gettext
from sso_center.web.pages import go, render


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the form, its question and its deed."""

    @routes.route("/clients/new", methods=["GET", "POST"])
    def add_client() -> Response:
        if not is_sent():
            return _form()
        try:
            typed = _read(services)
            return _add(services, typed) if is_confirmed() else _ask(typed)
        except (Invalid, Conflict) as refused:
            wrong = getattr(refused, "field", "client_id")
            return _form(400, problem=in_words(refused.message), wrong=wrong)


def _form(status: int = 200, **context: object) -> Response:
    values = shown(NEW)
    return render(
        "admin/client_form.html",
        status,
        values=values,
        client=None,
        action=request.path,
        grant_types=grant_types(),
        **context,
    )


def _read(services: Services) -> Registration:
    typed = read_form(request.form.get("client_id", "").strip(), is_public="is_public" in request.form)
    if services.clients.find(typed.client_id) is not None:
        raise Conflict(gettext("A site is registered under this id already."))
    return typed


def _ask(typed: Registration) -> Response:
    none = gettext("none")
    return ask(
        Question(
            title=gettext("Register %(site)s?", site=typed.name or typed.client_id),
            text=gettext("People can sign in there from then on. Its secret is shown once."),
            facts=[
                (gettext("Client id"), typed.client_id),
                (gettext("Redirect addresses"), gettext(", ").join(typed.redirect_uris) or none),
                (gettext("Logout address"), typed.backchannel_logout_uri or gettext("none: it is not told")),
            ],
            warning=warning_of((), typed.scopes),
            button=gettext("Register"),
            back="/admin/clients",
            is_grave=False,
        )
    )


def _add(services: Services, typed: Registration) -> Response:
    client, secret = services.administration.clients.register(acting(), **vars(typed))
    if secret is None:
        flash(gettext("%(site)s is registered.", site=client.name), "good")
        return go(f"/admin/clients/{client.client_id}")
    return show_secret(client, secret, gettext("%(site)s is registered", site=client.name))
