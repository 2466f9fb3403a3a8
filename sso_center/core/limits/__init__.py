"""Limits: how often someone may try to log in, exact under parallel requests.

Owns the buckets and their counters in Redis. An attempt is counted before the password is checked, by one
atomic command, so that parallel attempts can't outrun the limit. Knows nothing of users: a login name here is
only text.
"""

from sso_center.core.limits.login import LoginLimits

__all__ = ["LoginLimits"]
