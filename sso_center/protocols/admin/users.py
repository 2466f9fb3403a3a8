"""/users: people and their passwords."""

import secrets
from collections.abc import Sequence
from typing import Any

from sso_center.core.users import User
from sso_center.protocols.admin.route import AdminRequest, Route
from sso_center.protocols.admin.schema import members, number, text, texts
from sso_center.protocols.admin.shapes import TEXT_OR_NULL, page, profile_schemas, ref, user_json, whole
from sso_center.services import Services

MAX_PAGE = 500

_ACCOUNT = {
    "roles": texts(),
    "password": text(description="Without one they can't sign in by password."),
    "must_change_password": {"type": "boolean", "description": "Ask for another one at the first login."},
}
_ARGUMENTS = {"must_change_password": "must_change"}
_RESET = whole(
    user=ref("User"), password={**TEXT_OR_NULL, "description": "The one that was made up; told only now."}
)


def routes(services: Services) -> Sequence[Route]:
    """Return this noun's part of the table."""
    users, acts, table = services.users, services.administration.users, services.settings.profile
    names: dict[str, Any] = {"username": text(), **profile_schemas(table)}

    def told(user: User) -> dict[str, Any]:
        return user_json(user, table)

    def find(asked: AdminRequest) -> dict[str, Any]:
        limit, after = asked.query.get("limit", 100), asked.query.get("cursor", "")
        sought = asked.query.get("search", "")
        found = (
            users.search(sought, after=after, count=limit + 1)
            if sought
            else users.list(after=after, count=limit + 1)
        )
        following = found[limit - 1].username if len(found) > limit else None
        return {"users": [told(user) for user in found[:limit]], "next": following}

    def add(asked: AdminRequest) -> dict[str, Any]:
        body = {_ARGUMENTS.get(name, name): value for name, value in asked.body.items()}
        return told(acts.add(asked.actor, **table.as_account(body)))

    def update(asked: AdminRequest) -> dict[str, Any]:
        return told(acts.change(asked.actor, asked.id, **table.as_account(asked.body)))

    def set_disabled(asked: AdminRequest) -> dict[str, Any]:
        act = acts.disable if asked.body["disabled"] else acts.enable
        return told(act(asked.actor, asked.id))

    def reset_password(asked: AdminRequest) -> dict[str, Any]:
        given = asked.body.get("password")
        made = secrets.token_urlsafe(12) if given is None else None
        user = acts.set_password(asked.actor, asked.id, given or made or "", must_change=True)
        return {"user": told(user), "password": made}

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
            ref("User"),
            status=201,
            body=members(("username",), **names, **_ACCOUNT),
            refusals=(409,),
        ),
        Route(
            "GET",
            "/users/{sub}",
            "showUser",
            "Show a person.",
            lambda asked: told(users.get(asked.id)),
            ref("User"),
            refusals=(404,),
        ),
        Route(
            "PATCH",
            "/users/{sub}",
            "updateUser",
            "Change what is given of a person.",
            update,
            ref("User"),
            body={**members(**names, roles=texts()), "minProperties": 1},
            refusals=(404, 409),
        ),
        Route(
            "DELETE",
            "/users/{sub}",
            "removeUser",
            "Remove a person and all they had; the audit log stays.",
            lambda asked: acts.remove(asked.actor, asked.id),
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
            ref("User"),
            body=members(("roles",), roles=texts()),
            refusals=(404,),
        ),
        Route(
            "PUT",
            "/users/{sub}/disabled",
            "setDisabled",
            "Lock a person out everywhere, now, or let them in again.",
            set_disabled,
            ref("User"),
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
