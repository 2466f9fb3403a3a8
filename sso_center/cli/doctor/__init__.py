"""`sso-center doctor`: looks at everything, changes nothing, and says what is wrong and what to do."""

from sso_center.cli.doctor.command import doctor

__all__ = ["doctor"]
