"""Connections to the two stores, and nothing else: no rule about sessions, users or clients lives here.

`redis` runs guarded scripts on any Redis, `unguarded_redis` sends, `shard_recovery` recovers a shard,
`embedded` is the private server, `sql` opens transactions on SQLite or PostgreSQL, `schema` lists the tables,
`migrate` brings them up to date.
"""
