"""/users: people and their passwords."""

import secrets
from collections.abc import Sequence
from typing import Any

from sso_center.core.audit import Tag
from sso_center.core.endings import Reason
from sso_center.core.users import User
from sso_center.protocols.admin.route import Asked, Route
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
_CHANGE = {**members(username=text(), name=text(), email=text()), "minProperties": 1}
_RESET = whole(
    user=ref("User"), password={**TEXT_OR_NULL, "description": "The one that was made up; told only now."}
)


def routes(services: Services) -> Sequence[Route]:
    """Return this noun's part of the table."""
    users, audit = services.users, services.audit

    def find(asked: Asked) -> dict[str, Any]:
        limit, after = asked.query.get("limit", 100), asked.query.get("cursor", "")
        sought = asked.query.get("search", "")
        found = (
            users.search(sought, after=after, count=limit + 1)
            if sought
            else users.list(after=after, count=limit + 1)
        )
        following = found[limit - 1].username if len(found) > limit else None
        return {"users": [user_json(user) for user in found[:limit]], "next": following}

    def show(asked: Asked) -> dict[str, Any]:
        return user_json(users.get(asked.id))

    def add(asked: Asked) -> dict[str, Any]:
        body = asked.body
        user = users.add(
            body["username"],
            profile={field: body[field] for field in ("name", "email") if field in body},
            roles=body.get("roles", ()),
            password=body.get("password"),
            must_change=body.get("must_change_password", False),
        )
        audit.record(Tag.USER_ADDED, sub=user.sub, **asked.trail)
        return user_json(user)

    def update(asked: Asked) -> dict[str, Any]:
        user = users.update(
            asked.id,
            username=asked.body.get("username"),
            profile={field: asked.body[field] for field in ("name", "email") if field in asked.body},
        )
        audit.record(Tag.USER_CHANGED, sub=user.sub, detail={"changed": sorted(asked.body)}, **asked.trail)
        return user_json(user)

    def set_roles(asked: Asked) -> dict[str, Any]:
        user = users.get(asked.id)
        if set(asked.body["roles"]) == set(user.roles):
            return user_json(user)
        user = users.set_roles(user.sub, asked.body["roles"], asked.actor)
        audit.record(Tag.USER_CHANGED, sub=user.sub, detail={"roles": list(user.roles)}, **asked.trail)
        services.mass_endings.end_void(user.sub, Reason.ROLE_LOST, asked.actor)
        return user_json(user)

    def set_disabled(asked: Asked) -> dict[str, Any]:
        user = users.get(asked.id)
        if user.is_disabled == asked.body["disabled"]:
            return user_json(user)
        if asked.body["disabled"]:
            user = services.removals.disable_user(user.sub, asked.actor)
            asked.note(services, "disable_user", sub=user.sub)
            return user_json(user)
        user = users.set_disabled(user.sub, False)
        audit.record(Tag.USER_ENABLED, sub=user.sub, **asked.trail)
        return user_json(user)

    def reset_password(asked: Asked) -> dict[str, Any]:
        given = asked.body.get("password")
        made = secrets.token_urlsafe(12) if given is None else None
        user: User = users.set_password(asked.id, given or made or "", must_change=True, actor=asked.actor)
        audit.record(Tag.USER_PASSWORD_SET, sub=user.sub, **asked.trail)
        services.mass_endings.end_void(user.sub, Reason.PASSWORD_CHANGE, asked.actor)
        return {"user": user_json(user), "password": made}

    def remove(asked: Asked) -> None:
        services.removals.remove_user(asked.id, asked.actor)
        asked.note(services, "remove_user", sub=asked.id)

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
            set_roles,
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
