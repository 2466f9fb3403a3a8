"""What is worth remembering: `source:subject:action`."""

from enum import StrEnum


class Tag(StrEnum):
    """The kind of one audit entry. Sources: login, account, admin (command line included), oidc, center."""

    LOGIN_SUCCEEDED = "login:session:open"
    LOGIN_REPEATED = "login:session:reopen"
    LOGIN_FAILED = "login:password:fail"
    LOGIN_LIMITED = "login:password:limit"

    PASSWORD_CHANGED = "account:password:change"  # noqa: S105
    PASSWORD_CHANGE_FAILED = "account:password:fail"  # noqa: S105
    ACCOUNT_SESSION_ENDED = "account:session:end"

    USER_ADDED = "admin:user:add"
    USER_CHANGED = "admin:user:change"
    USER_DISABLED = "admin:user:disable"
    USER_ENABLED = "admin:user:enable"
    USER_PASSWORD_SET = "admin:password:set"  # noqa: S105
    CLIENT_ADDED = "admin:client:add"
    CLIENT_CHANGED = "admin:client:change"
    CLIENT_REMOVED = "admin:client:remove"
    CLIENT_SECRET_ROTATED = "admin:client-secret:rotate"  # noqa: S105
    KEYS_ROTATED = "admin:keys:rotate"
    ADMIN_SESSION_ENDED = "admin:session:end"
    ADMIN_LOGOUT = "admin:sessions:cut-off"

    GRANT_ISSUED = "oidc:grant:issue"
    GRANT_REDEEMED = "oidc:grant:redeem"
    GRANT_REFUSED = "oidc:grant:refuse"
    GRANT_REPLAYED = "oidc:grant:replay"
    CLIENT_REFUSED = "oidc:client:refuse"
    CLIENT_JOINED = "oidc:client:join"
    CLIENT_LOGOUT = "oidc:session:end"

    CHAIN_REUSED = "center:chain:reuse"
    CHAIN_ROLLED_BACK = "center:chain:rollback"
    SESSION_ENDED = "center:session:end"
    SESSION_EXPIRED = "center:session:expire"
    CUTOFF_SET = "center:cut-off:set"
    FAMILY_REVOKED = "center:family:revoke"
    NOTICE_DELIVERED = "center:notice:deliver"
    NOTICE_GIVEN_UP = "center:notice:give-up"
    STORE_RECOVERED = "center:store:recover"
    CENTER_KEYS_ROTATED = "center:keys:rotate"
