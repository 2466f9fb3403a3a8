"""The endpoints of OpenID Connect and /endings/check, over HTTP: what they answer, and every refusal."""
