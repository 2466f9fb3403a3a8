"""/endings and /walks: ending many at once, and who was told of what."""

from collections.abc import Sequence
from typing import Any

from sso_center.base.errors import Invalid, NotFound
from sso_center.core.cutoffs.mass_endings import LOOKED_AT
from sso_center.core.notices import EndingFilter
from sso_center.core.notices.ending_filter import KINDS
from sso_center.core.reasons import Reason
from sso_center.protocols.admin.presence import MAX_AT
from sso_center.protocols.admin.route import AdminRequest, Route
from sso_center.protocols.admin.schema import members, number, text
from sso_center.protocols.admin.shapes import (
    COUNT,
    COUNT_OR_NULL,
    ENDING,
    FLAG,
    ending_json,
    page,
    receipt_json,
    ref,
    site_counts_json,
    walk_json,
    whole,
)
from sso_center.services import Services

MAX_NUMBER = 10**15
MAX_PAGE = 200
SCOPES = ("user", "client", "role", "everyone")

_REACH = {**whole(people=COUNT, sessions=COUNT, clients=COUNT, is_whole=FLAG), "type": ["object", "null"]}
_BEGUN = whole(dry_run=FLAG, number=COUNT_OR_NULL, reach=_REACH)
_ASKED = members(
    ("scope",),
    scope=text(enum=list(SCOPES)),
    name=text(description="A user's `sub`, a client's id or a role; left out for everyone."),
    dry_run={"type": "boolean", "description": "Only say how many that would be."},
)


def routes(services: Services) -> Sequence[Route]:
    """Return this noun's part of the table."""
    receipts, acts = services.receipts, services.administration.endings

    def begin(asked: AdminRequest) -> dict[str, Any]:
        scope, name = asked.body["scope"], asked.body.get("name", "")
        if asked.body.get("dry_run", False):
            reach = acts.reach(scope, name, most=LOOKED_AT)
            return {"dry_run": True, "number": None, "reach": vars(reach)}
        return {"dry_run": False, "number": acts.end_many(asked.actor, scope, name).number, "reach": None}

    def find(asked: AdminRequest) -> dict[str, Any]:
        query, limit = asked.query, asked.query.get("limit", 50)
        wanted = EndingFilter(
            sub=query.get("user"),
            client_id=query.get("client"),
            sid=query.get("sid"),
            kinds=(query["kind"],) if "kind" in query else KINDS,
            reason=query.get("reason"),
            is_unconfirmed=query.get("unconfirmed", False),
            since=query.get("since"),
            until=query.get("until"),
            cause=query.get("cause"),
        )
        found = receipts.endings(wanted, before=query.get("cursor"), limit=limit)
        following = str(found[-1].number) if len(found) == limit else None
        return {"endings": [ending_json(ending) for ending in found], "next": following}

    def described(asked: AdminRequest) -> dict[str, Any]:
        number, limit = _number(asked.id), asked.query.get("limit", 100)
        receipts.find(number)
        found = receipts.of(number, after=_place(asked.query.get("cursor")), limit=limit)
        following = ".".join(found[-1].place) if len(found) == limit else None
        return {"receipts": [receipt_json(receipt) for receipt in found], "next": following}

    def walks(_asked: AdminRequest) -> dict[str, Any]:
        pending = services.outbox.count_by_state().get("pending", 0)
        return {"walks": [walk_json(walk) for walk in services.cutoff_jobs.all()], "pending_notices": pending}

    def walk(asked: AdminRequest) -> dict[str, Any]:
        found = services.cutoff_jobs.find(_number(asked.id))
        if found is None:
            raise NotFound("There is no such walk, or it finished some time ago.")
        return walk_json(found)

    return (
        Route(
            "POST",
            "/endings",
            "endMany",
            "End all sessions of a user, at a client, with a role, or of everyone; or only say how many.",
            begin,
            _BEGUN,
            body=_ASKED,
            refusals=(404,),
        ),
        Route(
            "GET",
            "/endings",
            "findEndings",
            "Find endings, the newest first, and how far the sites know of them.",
            find,
            page("endings", ref("Ending")),
            query={
                "user": text(description="The `sub` of a user."),
                "client": text(description="A client that was told, or that it is about."),
                "sid": text(),
                "kind": text(enum=["ending", "leave", "cutoff", "user"]),
                "reason": text(enum=[reason.value for reason in Reason]),
                "unconfirmed": {
                    "type": "boolean",
                    "description": "Only those that a site has not confirmed.",
                },
                "since": number(0, MAX_AT, description="Milliseconds since 1970."),
                "until": number(0, MAX_AT, description="Milliseconds since 1970."),
                "cause": number(
                    1, MAX_NUMBER, description="The number of the cut-off whose walk ended them."
                ),
                "cursor": number(1, MAX_NUMBER),
                "limit": number(1, MAX_PAGE, description="50."),
            },
        ),
        Route(
            "GET",
            "/endings/{number}",
            "showEnding",
            "Show one ending.",
            lambda asked: ending_json(receipts.find(_number(asked.id))),
            ENDING,
            refusals=(404,),
        ),
        Route(
            "GET",
            "/endings/{number}/receipts",
            "listReceipts",
            "List what each site knows of an ending.",
            described,
            page("receipts", ref("Receipt")),
            query={"cursor": text(), "limit": number(1, MAX_PAGE, description="100.")},
            refusals=(404,),
        ),
        Route(
            "GET",
            "/endings/{number}/sites",
            "sumUpSites",
            "Sum up how far each site knows of all that an ending took, those with open notices first.",
            lambda asked: {"sites": [site_counts_json(site) for site in receipts.by_site(_number(asked.id))]},
            whole(sites={"type": "array", "items": ref("SiteCounts")}),
            refusals=(404,),
        ),
        Route(
            "POST",
            "/endings/{number}/deliver",
            "deliverAgain",
            "Tell the sites again that have not confirmed an ending; says how many notices that is.",
            lambda asked: {
                "notices": acts.deliver_again(
                    asked.actor,
                    _number(asked.id),
                    client_id=asked.body.get("client"),
                    is_confirmed_too=asked.body.get("confirmed_too", False),
                )
            },
            whole(notices=COUNT),
            body=members(
                client=text(description="Only this one."),
                confirmed_too={"type": "boolean", "description": "Also those that have confirmed."},
            ),
            refusals=(404,),
        ),
        Route(
            "GET",
            "/walks",
            "listWalks",
            "List how far the endings of many are, those under way and those that finished within the hour.",
            walks,
            whole(walks={"type": "array", "items": ref("Walk")}, pending_notices=COUNT),
        ),
        Route("GET", "/walks/{number}", "showWalk", "Show one of them.", walk, ref("Walk"), refusals=(404,)),
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound("There is no such entry in the journal.")
    return int(text)


def _place(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    client_id, dot, sid = cursor.rpartition(".")
    if not dot:
        raise Invalid("cursor is the next of an earlier page.", field="cursor")
    return client_id, sid
