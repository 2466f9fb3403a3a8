"""Where the endpoints are, below the issuer."""

AUTHORIZE = "/authorize"
TOKEN = "/token"  # noqa: S105 - an address
USERINFO = "/userinfo"
INTROSPECT = "/introspect"
REVOKE = "/revoke"
END_SESSION = "/logout"
JWKS = "/jwks.json"
DISCOVERY = "/.well-known/openid-configuration"
OAUTH_DISCOVERY = "/.well-known/oauth-authorization-server"
CONSENT = "/consent"
