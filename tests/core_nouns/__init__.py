"""Users, clients, keys, the journal and the login limits on real stores."""
