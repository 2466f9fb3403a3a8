"""Every error the SDK raises: a stable `code` for programs, a message for people.

`expected` and `actual` say what a check compared where that helps whoever operates the site. No error
ever carries a token, a secret or a session.
"""


class SSOError(Exception):
    """Any refusal or failure of the SDK."""

    def __init__(self, code: str, message: str, *, expected: object = None, actual: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.expected = expected
        self.actual = actual

    def __str__(self) -> str:
        # `actual` may come from anyone: quote it, and keep it shorter than a log line.
        actual = repr(self.actual)[:200]
        compared = "" if self.expected is None else f" (expected {self.expected!r}, got {actual})"
        return f"{self.code}: {self.message}{compared}"


class BadSettings(SSOError):
    """The site's settings can't be used; the message names each bad one, a line each."""

    def __init__(self, message: str) -> None:
        super().__init__("bad_settings", message)


class Unavailable(SSOError):
    """The center, or the store of local sessions, can't be reached or trusted right now.

    Answer 503 and keep the cookie. `retry_after` is in seconds. Codes: `center_unreachable`,
    `center_failed`, `center_malformed`, `center_refused_client`, `feed_missing`, `discovery_issuer`,
    `discovery_malformed`, `sessions_unreachable`, `tokens_contradiction`.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        expected: object = None,
        actual: object = None,
        retry_after: int = 2,
    ) -> None:
        super().__init__(code, message, expected=expected, actual=actual)
        self.retry_after = retry_after

    def again(self) -> "Unavailable":
        """Return the same failure as a fresh exception: one that is raised again and again grows."""
        return Unavailable(
            self.code,
            self.message,
            expected=self.expected,
            actual=self.actual,
            retry_after=self.retry_after,
        )


class LoginFailed(SSOError):
    """The center's answer did not give a session; the person may begin a new login.

    Codes: `login_malformed`, `login_unknown_attempt`, `login_issuer`, `login_denied`,
    `login_grant_refused`, `login_client_refused`, `login_session_too_large`, `login_contradiction`.
    """


class LoginNeeded(SSOError):
    """Somebody is signed in, but their tokens for APIs are gone: a new login gives new ones.

    `is_session_over` says that the center refused to go on, so nobody is signed in any more; `headers` then
    remove the session's cookies from the browser. Codes: `tokens_missing`, `tokens_expired`,
    `refresh_refused`.
    """

    def __init__(self, code: str, message: str, *, is_session_over: bool = False) -> None:
        super().__init__(code, message)
        self.is_session_over = is_session_over
        self.headers: tuple[tuple[str, str], ...] = ()


class TokenRefused(SSOError):
    """A token did not pass its checks.

    Codes: `token_malformed`, `token_type`, `token_algorithm`, `token_key_unknown`, `token_signature`,
    `token_issuer`, `token_audience`, `token_authorized_party`, `token_expired`, `token_from_future`,
    `token_too_old`, `token_nonce`, `token_at_hash`, `token_claim`, `token_events`, `token_replayed`,
    `token_inactive`.
    """
