"""Sites built on other people's OpenID Connect clients, unmodified, and the tests that log in at them."""
