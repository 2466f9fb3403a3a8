"""/admin/users: everybody, by name, a page at a time."""

from flask import Blueprint, Response, request

from sso_center.base.urls import with_query
from sso_center.services import Services
from sso_center.web.pages import render

PAGE = 25


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the list of people."""

    @routes.get("/users")
    def users() -> Response:
        text, after = request.args.get("q", "").strip(), request.args.get("after", "")
        found = services.users.search(text, after=after, count=PAGE + 1)
        shown = found[:PAGE]
        following = shown[-1].username if len(found) > PAGE else None
        return render(
            "admin/users.html",
            q=text,
            users=shown,
            first=with_query("/admin/users", q=text or None) if after else None,
            following=with_query("/admin/users", q=text or None, after=following) if following else None,
        )
