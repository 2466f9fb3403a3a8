"""Grant types that are not the product's: each a file for protocols/oidc/grants, and a line in a table."""
