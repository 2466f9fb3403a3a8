"""Putting people and sites into the demo's center, or back to how they were."""

from typing import TYPE_CHECKING

from sso_center.cli.demo.plan import PEOPLE, DemoPerson, DemoSite, Plan

if TYPE_CHECKING:
    from sso_center.services import Services


def seed(services: "Services", plan: Plan) -> dict[str, str]:
    """Make what is printed true: people with these passwords, sites at these addresses.

    Returns each site's secret; a kept center gets new ones, since it has only their hashes.
    Raises Unavailable.
    """
    for person in PEOPLE:
        _seed_person(services, person)
    return {site.client_id: _seed_site(services, site) for site in plan.sites}


def _seed_person(services: "Services", person: DemoPerson) -> None:
    users = services.users
    user = users.find(person.username)
    if user is None:
        users.add(
            person.username,
            name=person.name,
            email=f"{person.username}@example.org",
            roles=person.roles,
            password=person.password,
        )
        return
    if user.is_disabled:
        users.set_disabled(user.sub, False)
    if user.roles != person.roles:
        users.set_roles(user.sub, person.roles)
    if user.must_change_password or not users.check_password(user.sub, person.password):
        users.set_password(user.sub, person.password)


def _seed_site(services: "Services", site: DemoSite) -> str:
    settings = {
        "name": site.name,
        "home_uri": site.url + "/",
        "redirect_uris": (site.url + "/sso/callback",),
        "post_logout_redirect_uris": (site.url + "/", site.url + "/sso/signed-out"),
        "backchannel_logout_uri": site.internal_url + "/sso/backchannel-logout",
        "id_token_alg": "ES256",
    }
    if services.clients.find(site.client_id) is None:
        _, secret = services.clients.add(site.client_id, **settings)
        assert secret is not None
        return secret
    services.clients.update(site.client_id, **settings)
    return services.clients.rotate_secret(site.client_id)
