"""The tags of audit entries: `source:subject:action`."""

from enum import StrEnum


class Tag(StrEnum):
    """The kind of one audit entry. Sources: login, account, admin (command line included), oidc, center."""

    LOGIN_SUCCEEDED = "login:session:open"
    LOGIN_REPEATED = "login:session:reopen"
    LOGIN_FAILED = "login:password:fail"
    LOGIN_REFUSED = "login:session:refuse"

    PASSWORD_CHANGED = "account:password:change"  # noqa: S105
    PASSWORD_CHANGE_FAILED = "account:password:fail"  # noqa: S105
    PROFILE_CHANGED = "account:profile:change"
    ACCOUNT_SESSION_ENDED = "account:session:end"
    SESSION_DISOWNED = "account:session:disown"
    CONSENT_GRANTED = "account:consent:grant"
    CONSENT_WITHDRAWN = "account:consent:withdraw"

    USER_ADDED = "admin:user:add"
    USER_CHANGED = "admin:user:change"
    USER_DISABLED = "admin:user:disable"
    USER_ENABLED = "admin:user:enable"
    USER_PASSWORD_SET = "admin:password:set"  # noqa: S105
    CLIENT_ADDED = "admin:client:add"
    CLIENT_CHANGED = "admin:client:change"
    CLIENT_REMOVED = "admin:client:remove"
    CLIENT_SECRET_ROTATED = "admin:client-secret:rotate"  # noqa: S105
    USER_REMOVED = "admin:user:remove"
    NOTICES_REPEATED = "admin:notice:repeat"
    AUDIT_EXPORTED = "admin:audit:export"
    CLIENT_TRIED = "admin:client:try"
    KEYS_ROTATED = "admin:keys:rotate"
    STORE_RESTORED = "admin:store:restore"

    # Written by earlier versions only, beside the entry of the change.
    CONSOLE_USED = "admin:console:use"
    API_USED = "admin:api:use"

    GRANT_REDEEMED = "oidc:grant:redeem"
    CLIENT_JOINED = "oidc:client:join"

    SESSION_ENDED = "center:session:end"
    CLIENT_LEFT = "center:client:leave"
    CUTOFF_SET = "center:cut-off:set"
    FAMILY_REVOKED = "center:family:revoke"
    TOKEN_REVOKED = "center:token:revoke"  # noqa: S105
    OFFLINE_REVOKED = "center:offline:revoke"
