"""The page to return to after a login: always one of the site itself."""

from urllib.parse import quote, urlsplit

MAX_LENGTH = 2048
HOME = "/"


def local_path(target: str) -> str | None:
    """Return `target` when it is a path of this very site, or None.

    Browsers read `//host`, `/\\host` and either with tabs or newlines inside as another host.
    """
    if not target.startswith("/") or target.startswith("//") or len(target) > MAX_LENGTH:
        return None
    if "\\" in target or any(not "!" <= character <= "~" for character in target):
        return None
    return target


def address_of(path: str, query: str) -> str:
    """Return the local address of a decoded `path` and a raw `query`, as a browser would ask for it.

    One too long for the cookie that keeps it loses its query; one that is not local becomes the home page.
    """
    quoted = quote(path, safe="/!$&'()*+,;=:@~")
    whole = f"{quoted}?{quote(query, safe='/!$&()*+,;=:@~%?[]')}" if query else quoted
    return local_path(whole) or local_path(quoted) or HOME


def page_behind(referer: str, root: str) -> str:
    """Return the local address of the page that a script or form ran on, from the Referer header.

    `root` is the site's own address; for pages of other sites it is the home page.
    """
    if referer != root and not referer.startswith(root + "/"):
        return HOME
    parts = urlsplit(referer)
    whole = f"{parts.path or HOME}?{parts.query}" if parts.query else parts.path or HOME
    return local_path(whole) or HOME
