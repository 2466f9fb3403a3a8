"""The errors that cross layers.

Raised low, turned into answers in one place a surface (web/errors.py for pages, each façade for
its protocol). The message is public and helps the person who can act on it; `detail` is for the log.
"""


class SSOError(Exception):
    """Any refusal or failure of the center: a public message, and a private detail for the log."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class SettingsError(SSOError):
    """The settings can't be used; the message names each bad one and what it should be."""


class Unavailable(SSOError):
    """A store can't be reached or trusted right now: answer 503, keep every cookie, issue nothing.

    `retry_after` is in seconds.
    """

    def __init__(self, message: str = "", *, detail: str = "", retry_after: int = 2) -> None:
        super().__init__(message or "The service is briefly unavailable.", detail=detail)
        self.retry_after = retry_after


class NotFound(SSOError):
    """What was asked for does not exist (any more)."""


class Conflict(SSOError):
    """What was asked for clashes with what is stored, such as a name already taken."""


class Invalid(SSOError):
    """An argument is not acceptable; `field` names it where there is one."""

    def __init__(self, message: str, *, field: str = "", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.field = field


class TooMany(SSOError):
    """A limit was reached; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.retry_after = retry_after
