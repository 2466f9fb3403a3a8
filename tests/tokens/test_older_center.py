"""What a center of before refresh and app tokens left in Redis: it counts, or is refused like any other."""

import json

import pytest

from sso_center.base.secrets import hashed, new_secret
from sso_center.core.grants import GrantRefused
from tests.harness.core import MINUTE, Core, request_of


def test_an_access_token_of_an_older_center_is_refused_and_not_an_error(core: Core) -> None:
    user, client = core.person(), core.site()
    sid = core.open(user).session.sid
    token = new_secret(user.shard)
    record = {
        "client": client.client_id,
        "sid": sid,
        "about": json.dumps([["openid"], None]),
        "stamp": core.time(),
        "deadline": core.time() + MINUTE,
        "family": user.shard + "a" * 32,
    }
    redis = core.services.redis
    flat = [text for pair in record.items() for text in pair]
    redis.command(user.shard, "HSET", redis.key(user.shard, "token", hashed(token)), *flat)

    assert core.services.tokens.find_active(token) is None
    assert core.services.tokens.find_revocable(token) is None


def test_a_grant_of_an_older_center_is_refused_and_not_an_error(core: Core) -> None:
    user, client = core.person(), core.site()
    asked = request_of(client, scope=("openid", "email"))
    code = core.services.grants.issue(core.open(user).cookie, asked).code
    assert code is not None
    redis = core.services.redis
    redis.command(user.shard, "HDEL", redis.key(user.shard, "grant", hashed(code)), "scope", "nonce")

    with pytest.raises(GrantRefused):
        core.redeem(code, client)


def test_a_session_and_a_copy_of_an_older_center_go_on(core: Core) -> None:
    user, client = core.person("staff"), core.site()
    opened = core.open(user)
    redis, sid = core.services.redis, opened.session.sid
    copy = redis.key(user.shard, "user", user.sub)
    claims = json.loads(redis.command(user.shard, "HGET", copy, "claims"))
    redis.command(user.shard, "HDEL", copy, "refresh_epoch", "access_epoch", "consents")
    redis.command(user.shard, "HSET", copy, "claims", json.dumps(claims[:9]))
    session = redis.key(user.shard, "session", sid)
    redis.command(user.shard, "HDEL", session, "kind", "device", "device_type")

    active = core.services.tokens.find_active(core.token(opened.cookie, client))

    assert active is not None
    assert active.sid == sid
    assert [view.kind for view in core.services.sessions.of_user(user.sub)] == ["browser"]
