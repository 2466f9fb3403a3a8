"""/users: people and their passwords."""

import secrets
from collections.abc import Sequence
from typing import Any

from sso_center.protocols.admin.route import AdminRequest, Route
from sso_center.protocols.admin.schema import members, number, text, texts
from sso_center.protocols.admin.shapes import TEXT_OR_NULL, USER, page, ref, user_json, whole
from sso_center.services import Services

MAX_PAGE = 500

_NEW = members(
    ("username",),
    username=text(),
    name=text(),
    email=text(),
    roles=texts(),
    password=text(description="Without one they can't sign in by password."),
    must_change_password={"type": "boolean", "description": "Ask for another one at the first login."},
)
_ARGUMENTS = {"must_change_password": "must_change"}
_CHANGE = {**members(username=text(), name=text(), email=text(), roles=texts()), "minProperties": 1}
_RESET = whole(
    user=ref("User"), password={**TEXT_OR_NULL, "description": "The one that was made up; told only now."}
)


def routes(services: Services) -> Sequence[Route]:
    """Return this noun's part of the table."""
    users, acts = services.users, services.administration.users

    def find(asked: AdminRequest) -> dict[str, Any]:
        limit, after = asked.query.get("limit", 100), asked.query.get("cursor", "")
        sought = asked.query.get("search", "")
        found = (
            users.search(sought, after=after, count=limit + 1)
            if sought
            else users.list(after=after, count=limit + 1)
        )
        following = found[limit - 1].username if len(found) > limit else None
        return {"users": [user_json(user) for user in found[:limit]], "next": following}

    def show(asked: AdminRequest) -> dict[str, Any]:
        return user_json(users.get(asked.id))

    def add(asked: AdminRequest) -> dict[str, Any]:
        account = {_ARGUMENTS.get(name, name): value for name, value in asked.body.items()}
        return user_json(acts.add(asked.actor, **account))

    def update(asked: AdminRequest) -> dict[str, Any]:
        return user_json(acts.change(asked.actor, asked.id, **asked.body))

    def set_disabled(asked: AdminRequest) -> dict[str, Any]:
        act = acts.disable if asked.body["disabled"] else acts.enable
        return user_json(act(asked.actor, asked.id))

    def reset_password(asked: AdminRequest) -> dict[str, Any]:
        given = asked.body.get("password")
        made = secrets.token_urlsafe(12) if given is None else None
        user = acts.set_password(asked.actor, asked.id, given or made or "", must_change=True)
        return {"user": user_json(user), "password": made}

    def remove(asked: AdminRequest) -> None:
        acts.remove(asked.actor, asked.id)

    return (
        Route(
            "GET",
            "/users",
            "findUsers",
            "List people in the order of their login names, or those of whom a name or the e-mail begins so.",
            find,
            page("users", ref("User")),
            query={
                "search": text(description="The beginning, in whatever case."),
                "cursor": text(),
                "limit": number(1, MAX_PAGE, description="100."),
            },
        ),
        Route(
            "POST",
            "/users",
            "addUser",
            "Add a person.",
            add,
            USER,
            status=201,
            body=_NEW,
            refusals=(409,),
        ),
        Route("GET", "/users/{sub}", "showUser", "Show a person.", show, USER, refusals=(404,)),
        Route(
            "PATCH",
            "/users/{sub}",
            "updateUser",
            "Change what is given of a person.",
            update,
            USER,
            body=_CHANGE,
            refusals=(404, 409),
        ),
        Route(
            "DELETE",
            "/users/{sub}",
            "removeUser",
            "Remove a person and all they had; the audit log stays.",
            remove,
            None,
            status=204,
            refusals=(404,),
        ),
        Route(
            "PUT",
            "/users/{sub}/roles",
            "setRoles",
            "Give a person these roles and no others, from the next request on.",
            update,
            USER,
            body=members(("roles",), roles=texts()),
            refusals=(404,),
        ),
        Route(
            "PUT",
            "/users/{sub}/disabled",
            "setDisabled",
            "Lock a person out everywhere, now, or let them in again.",
            set_disabled,
            USER,
            body=members(("disabled",), disabled={"type": "boolean"}),
            refusals=(404,),
        ),
        Route(
            "POST",
            "/users/{sub}/password-reset",
            "resetPassword",
            "Set a password, which must be changed at the next login; one is made up when none is given.",
            reset_password,
            _RESET,
            body=members(password=text()),
            refusals=(404,),
        ),
    )
