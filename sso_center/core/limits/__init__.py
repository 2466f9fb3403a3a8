"""Limits: how often someone may try to log in, exact under parallel requests.

Owns the buckets and their counters in Redis. An attempt is counted before the password is looked at,
by one atomic command, so that attempts sent at once can't outrun it. Knows nothing of users: a login
name here is only text.
"""

from sso_center.core.limits.login import LoginLimits

__all__ = ["LoginLimits"]
