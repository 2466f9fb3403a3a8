"""What this protocol says to a site when a session ends: the ticket that the site knows the session by."""

from sso_center.core.notices import Issuer, LogoutNotice, NoticeRequest


def notice_request(issuer: Issuer, notice: LogoutNotice) -> NoticeRequest:
    """Return the POST of one notice."""
    body = f'<logout from="{issuer.name}"><ticket>{notice.handle}</ticket></logout>'.encode()
    return NoticeRequest(notice.client.backchannel_logout_uri or "", body, "text/xml", _error_of)


def _error_of(status: int) -> str:
    return "" if status == 200 else f"answered {status}"
