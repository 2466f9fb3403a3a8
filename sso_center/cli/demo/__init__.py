"""`sso-center demo`: the center and three sites on this machine, with people to sign in as."""

from sso_center.cli.demo.command import demo

__all__ = ["demo"]
