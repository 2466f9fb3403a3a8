"""Connections to the two stores, and nothing else: no rule about sessions, users or clients lives here.

`redis` runs scripts on any Redis, `embedded` is the private one, `sql` opens transactions on SQLite or
PostgreSQL, `schema` lists the tables, `migrate` brings them up to date.
"""
