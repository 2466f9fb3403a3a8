"""ID tokens that come back as hints: accepted whatever their age, but only when we signed them."""

from dataclasses import dataclass

from sso_center.core.keys import Keys


@dataclass(frozen=True)
class IDTokenHint:
    """What an ID token of ours said: for which client, of whom, of which session ('' once that was gone)."""

    client_id: str
    sub: str
    sid: str


def read(keys: Keys, token: str) -> IDTokenHint | None:
    """Return what an ID token of ours says, or None when it is not one."""
    claims = keys.verify(token, audience=None, allow_expired=True)
    if claims is None:
        return None
    audience, sub, sid = claims.get("aud"), claims.get("sub"), claims.get("sid", "")
    if not (isinstance(audience, str) and isinstance(sub, str) and isinstance(sid, str)):
        return None
    return IDTokenHint(audience, sub, sid)
