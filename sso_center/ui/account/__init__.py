"""The account: who you are, the sites you are in, the devices you are signed in on, and your password."""

from sso_center.ui.account.views import blueprint

__all__ = ["blueprint"]
