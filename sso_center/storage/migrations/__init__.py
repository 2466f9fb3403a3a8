"""How the tables came to be, one file a step. Run by `sso_center.storage.migrate`."""
