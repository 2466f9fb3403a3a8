"""Real servers for tests: Valkey, Redis, a Cluster, Sentinels, PostgreSQL; private, and gone afterwards."""
