"""Three small sites that show single sign-on: a shop, a forum, and a staff portal that needs a role.

Each has `create_app(issuer, client_id, client_secret, internal_url)` and runs by `python -m
demo_apps.<name>`, told by `SSO_ISSUER`, `SSO_CLIENT_ID`, `SSO_CLIENT_SECRET`, `SSO_INTERNAL_URL` and `PORT`.
They know the center only through the client SDK.
"""
