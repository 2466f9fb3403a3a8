"""Posting to an address that a client supplied, without being led into the center's own network."""

from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from sso_center.base.errors import Invalid
from sso_center.base.urls import resolve_public

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 5.0


class Poster:
    """Posts forms. Follows no redirect, reads no body, and connects only to the address it has checked."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    def post(self, url: str, form: dict[str, str]) -> int:
        """Post `form` to `url` and return the status of the answer.

        Raises Invalid, with a message an admin can act on, when it can't be delivered.
        """
        parts = urlsplit(url)
        host, is_https = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_https else 80)
        address = resolve_public(host, port, allow_private=self._allow_private)[0]
        pool: urllib3.HTTPConnectionPool
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
        if is_https:
            # The certificate must be the name's, though the connection goes to the address checked above.
            pool = urllib3.HTTPSConnectionPool(
                address, port, timeout=timeout, server_hostname=host, assert_hostname=host
            )
        else:
            pool = urllib3.HTTPConnectionPool(address, port, timeout=timeout)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with pool:
                answer = pool.urlopen(
                    "POST",
                    target,
                    body=urlencode(form),
                    headers={
                        "Host": parts.netloc,
                        "Content-Type": "application/x-www-form-urlencoded",
                        "User-Agent": "sso-center",
                        "Connection": "close",
                    },
                    redirect=False,
                    retries=False,
                    preload_content=False,
                )
                answer.release_conn()
                return answer.status
        except (HTTPError, OSError) as failed:
            raise Invalid(_in_words(failed), detail=str(failed)) from failed


def _in_words(failed: Exception) -> str:
    text = str(failed).lower()
    if "refused" in text:
        return "connection refused"
    if "timed out" in text:
        return "no answer in time"
    if "certificate" in text or "ssl" in text:
        return "its certificate is not valid"
    return "connection failed"
