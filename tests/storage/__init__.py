"""The stores, on real servers: the embedded Valkey, Redis 7, a Cluster, Sentinels, SQLite, PostgreSQL."""
