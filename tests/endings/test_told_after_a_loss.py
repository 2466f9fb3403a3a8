"""Redis dies after it closed a session and before that is recorded: what is told of it is true all the same.

The model of the bound found it (docs/model.md, TOLD_BEFORE_APPLIED): a site that was told a position behind
the ending would take an answer "alive" for as good as that position, and never hear of the ending again.
"""

import uuid

import pytest

from sso_center.core.clients import Client
from sso_center.core.endings import CENTER, Position, Reason
from sso_center.core.endings.entries import Closed
from tests.endings.conftest import Held, sign_in
from tests.endings.test_feed import feed_of
from tests.harness.core import Core


def record_only(core: Core, held: Held, client: Client) -> None:
    """Leave the center as it is when Redis lost the closing, and whoever records has not applied it yet."""
    closed = Closed(
        sid=held.sid,
        ending_id=uuid.uuid4().hex,
        reason=Reason.LOGOUT,
        actor=CENTER,
        at=core.time.now,
        sub=held.user.sub,
        participants=(client.client_id,),
    )
    core.services.entries.record([closed], held.user.shard, {})
    assert core.is_alive(client, held.sid)


@pytest.mark.parametrize("has_asked_before", [True, False])
def test_who_was_told_of_an_ending_or_a_position_behind_it_is_never_told_alive(
    core: Core, shop: Client, *, has_asked_before: bool
) -> None:
    feed, held = feed_of(core), sign_in(core, shop)
    after: Position | None = feed.since(shop.client_id, None).position if has_asked_before else None
    record_only(core, held, shop)
    page = feed.since(shop.client_id, after)
    assert page.position.number == core.services.entries.head()
    assert not core.is_alive(shop, held.sid)
