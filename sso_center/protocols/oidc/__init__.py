"""OpenID Connect: the code flow, and what belongs to it.

Owns /authorize, /consent, /token, /userinfo, /introspect, /revoke, /logout, /jwks.json and the discovery
documents. What they decide on is decided in core; here a request is read by the letter of its standard and
answered in its words. Knows nothing of pages beyond those it shows at /consent and /logout, and nothing of
Redis or SQL.
"""

from flask import Blueprint

from sso_center.protocols import api
from sso_center.protocols.facade import Facade
from sso_center.protocols.oidc import (
    addresses,
    authorize,
    consent,
    discovery,
    end_session,
    introspect,
    jwks,
    revoke,
    token,
    userinfo,
)
from sso_center.protocols.oidc.authorize_fast_path import AuthorizeFastPath
from sso_center.protocols.oidc.logout_token import notice_request
from sso_center.services import Services
from sso_center.web.paths import Paths


def blueprints(services: Services) -> list[Blueprint]:
    """Return what browsers are sent to."""
    return [
        authorize.blueprint(services),
        consent.blueprint(services),
        end_session.blueprint(services),
    ]


def endpoints(services: Services) -> list[api.Endpoint]:
    """Return the endpoints for programs.

    Those that a client without a secret needs may be called by a page of any site: none of them looks
    at a cookie, so such a page can do no more with them than any program can.
    """
    described = discovery.handler(services.settings)
    return [
        api.Endpoint(addresses.TOKEN, ("POST",), token.handler(services), is_for_browsers=True),
        api.Endpoint(addresses.USERINFO, ("GET", "POST"), userinfo.handler(services), is_for_browsers=True),
        api.Endpoint(addresses.INTROSPECT, ("POST",), introspect.handler(services)),
        api.Endpoint(addresses.REVOKE, ("POST",), revoke.handler(services), is_for_browsers=True),
        api.Endpoint(addresses.JWKS, ("GET",), jwks.handler(services), is_for_browsers=True),
        api.Endpoint(addresses.DISCOVERY, ("GET",), described, is_for_browsers=True),
        api.Endpoint(addresses.OAUTH_DISCOVERY, ("GET",), described, is_for_browsers=True),
    ]


FACADE = Facade(
    endpoints=endpoints,
    blueprints=blueprints,
    paths=Paths(for_programs=("/.well-known/",)),
    waiting_sites={addresses.AUTHORIZE: authorize.site_name},
    fast_path=AuthorizeFastPath,
    notice_request=notice_request,
)
