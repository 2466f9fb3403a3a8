"""Administration: what admins do to users and clients."""

from sso_center.core.administration.removals import Removals

__all__ = ["Removals"]
