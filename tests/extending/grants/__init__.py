"""Grant types that are not the product's: each is one file in protocols/oidc/grants and one line in a table."""
