"""What a subsystem installs to log its people in at the SSO center.

`client_sdk.core` does the work and knows no framework; `client_sdk.flask` fits it to Flask;
`client_sdk.testing` is a center for a site's own tests. Nothing here imports the center.
"""
