"""/admin/clients/<client_id>: a site as it is registered, and what happened to it lately."""

from flask import Blueprint, Response

from sso_center.core.clients import Client
from sso_center.services import Services
from sso_center.web.language import gettext, lasting, number
from sso_center.web.pages import render


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the page of one site."""

    @routes.get("/clients/<client_id>")
    def client(client_id: str) -> Response:
        found = services.clients.get(client_id)
        return render("admin/client.html", client=found, rows=facts_of(found))


def facts_of(client: Client) -> list[tuple[str, str]]:
    """Return everything that is registered of a site, as pairs of a name and a value."""
    return [
        (gettext("Front page"), _or_none(client.home_uri)),
        (gettext("Redirect addresses"), _listed(client.redirect_uris)),
        (gettext("Addresses after a logout"), _listed(client.post_logout_redirect_uris)),
        (gettext("Logout address"), client.backchannel_logout_uri or gettext("none: it is not told")),
        (gettext("Logout page"), _or_none(client.frontchannel_logout_uri)),
        (
            gettext("Kind"),
            gettext("public: it keeps no secret") if client.is_public else gettext("with a secret"),
        ),
        (gettext("Grant types"), _listed(client.grant_types)),
        (gettext("Scopes"), _listed(client.scopes)),
        (gettext("Access tokens"), client.access_token_format),
        (gettext("APIs its tokens are for"), _listed(client.audiences)),
        (gettext("ID tokens are signed with"), client.id_token_alg),
        (gettext("Refresh tokens live"), lasting(client.refresh_token_lifetime)),
        (gettext("A refresh may be repeated for"), lasting(client.refresh_retry_window)),
        (
            gettext("Sessions at once"),
            number(client.max_sessions) if client.max_sessions else gettext("any number"),
        ),
        (gettext("Besides"), _besides(client)),
    ]


def _besides(client: Client) -> str:
    said = [
        *([gettext("people are asked before it learns of them")] if client.is_third_party else []),
        *(
            [gettext("its logout page is told which session")]
            if client.frontchannel_logout_session_required
            else []
        ),
        *([gettext("it may ask about every token")] if client.may_introspect else []),
        *([gettext("what is replaced works a minute from its telling")] if client.is_strict else []),
    ]
    return gettext(", ").join(said) or gettext("nothing")


def _or_none(text: str | None) -> str:
    return text or gettext("none")


def _listed(several: tuple[str, ...]) -> str:
    return gettext(", ").join(several) or gettext("none")
