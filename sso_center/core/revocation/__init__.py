"""Revocation: families, offline access and single tokens, refused at once and then recorded."""

from sso_center.core.revocation.revoker import Revoker

__all__ = ["Revoker"]
