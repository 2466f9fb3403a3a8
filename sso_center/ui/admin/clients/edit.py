"""/admin/clients/<client_id>/edit: everything that is registered but the id and whether it is public."""

from flask import Blueprint, Response, flash, request

from sso_center.base.errors import Invalid
from sso_center.core.clients import Client, Registration
from sso_center.services import Services
from sso_center.ui.admin.clients.form import changed_fields, grant_types, read_form, shown, warning_of
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed, is_sent
from sso_center.ui.admin.gate import acting
from sso_center.ui.core_messages import in_words
from sso_center.web.language import gettext
from sso_center.web.pages import go, render


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the form, its question and its deed."""

    @routes.route("/clients/<client_id>/edit", methods=["GET", "POST"])
    def edit_client(client_id: str) -> Response:
        client = services.clients.get(client_id)
        if not is_sent():
            return _form(client)
        try:
            typed = read_form(client_id, is_public=client.is_public, protocol=client.protocol)
        except Invalid as refused:
            return _form(client, 400, problem=in_words(refused.message), wrong=refused.field)
        return _change(services, client, typed) if is_confirmed() else _ask(client, typed)


def _form(client: Client, status: int = 200, **context: object) -> Response:
    values = shown(client)
    return render(
        "admin/client_form.html",
        status,
        values=values,
        client=client,
        action=request.path,
        grant_types=grant_types(),
        **context,
    )


def _ask(client: Client, typed: Registration) -> Response:
    back, changed = f"/admin/clients/{client.client_id}", changed_fields(client, typed)
    if not changed:
        flash(gettext("Nothing is different from before."), "good")
        return go(back)
    return ask(
        Question(
            title=gettext("Change %(site)s?", site=client.name),
            text=gettext("It counts at once. Nobody is signed out by it."),
            facts=[
                (
                    name,
                    gettext(
                        "%(before)s → %(after)s", before=_words(getattr(client, name)), after=_words(new)
                    ),
                )
                for name, new in changed.items()
            ],
            warning=warning_of(client.scopes, typed.scopes),
            button=gettext("Change"),
            back=back,
            is_grave=False,
        )
    )


def _change(services: Services, client: Client, typed: Registration) -> Response:
    changed = changed_fields(client, typed)
    services.administration.clients.change(acting(), client.client_id, **changed)
    flash(gettext("%(site)s is changed.", site=typed.name), "good")
    return go(f"/admin/clients/{client.client_id}")


def _words(value: object) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    text = gettext(", ").join(value) if isinstance(value, tuple) else str("" if value is None else value)
    return text or gettext("none")
