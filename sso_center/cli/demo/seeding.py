"""Putting people and sites into the demo's center, or back to how they were."""

from typing import TYPE_CHECKING, Any

from sso_center.cli.demo.plan import PEOPLE, DemoPerson, DemoSite, Plan
from sso_center.cli.open_services import ACTOR

if TYPE_CHECKING:
    from sso_center.services import Services

SHOP = {
    "access_token_format": "jwt",
    "audiences": ("staff",),
    "grant_types": ("authorization_code", "refresh_token"),
    "scopes": ("stock:read",),
}
"""The shop calls the staff portal's API with the tokens of its people."""

PHONE = {
    "name": "The phone",
    "is_public": True,
    "redirect_uris": ("http://127.0.0.1/callback",),
    "access_token_format": "app",
    "audiences": ("staff",),
    "id_token_alg": "ES256",
}
"""The app of `python -m demo_apps.phone`."""


def seed(services: "Services", plan: Plan) -> dict[str, str]:
    """Make what is printed true: people with these passwords, sites at these addresses.

    Returns each site's secret; a kept center gets new ones, since it has only their hashes.
    Raises Unavailable.
    """
    for person in PEOPLE:
        _seed_person(services, person)
    _seed_client(services, "phone", PHONE)
    return {site.client_id: _seed_site(services, site) for site in plan.sites}


def _seed_person(services: "Services", person: DemoPerson) -> None:
    users, acts = services.users, services.administration.users
    user = users.find(person.username)
    if user is None:
        acts.add(
            ACTOR,
            person.username,
            profile={"name": person.name, "email": f"{person.username}@example.org"},
            roles=person.roles,
            password=person.password,
        )
        return
    acts.enable(ACTOR, user.sub)
    acts.change(ACTOR, user.sub, roles=person.roles)
    if user.must_change_password or not users.check_password(user.sub, person.password):
        acts.set_password(ACTOR, user.sub, person.password, must_change=False)


def _seed_site(services: "Services", site: DemoSite) -> str:
    settings: dict[str, Any] = {
        "name": site.name,
        "home_uri": site.url + "/",
        "redirect_uris": (site.url + "/sso/callback",),
        "post_logout_redirect_uris": (site.url + "/", site.url + "/sso/signed-out"),
        "backchannel_logout_uri": site.internal_url + "/sso/backchannel-logout",
        "id_token_alg": "ES256",
        **(SHOP if site.client_id == "shop" else {}),
    }
    secret = _seed_client(services, site.client_id, settings)
    return secret or services.administration.clients.rotate_secret(ACTOR, site.client_id)


def _seed_client(services: "Services", client_id: str, settings: dict[str, Any]) -> str | None:
    acts = services.administration.clients
    if services.clients.find(client_id) is None:
        return acts.register(ACTOR, client_id, **settings)[1]
    acts.change(ACTOR, client_id, **settings)
    return None
