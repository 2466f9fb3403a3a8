"""The store did it and the reply never came: whoever asks again is answered as if nothing had happened."""

import random
from collections.abc import Callable, Iterator

import pytest

from sso_center.base.errors import Unavailable
from sso_center.core.grants import GrantRefused
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.tokens import ActiveToken
from sso_center.core.upkeep.sweep import Sweep
from tests.guarantees.losing_line import LosingLine
from tests.harness.core import HOUR, MINUTE, SECOND, Core, core_in
from tests.servers.valkey import ValkeyServer
from tests.tokens.conftest import Holder, hold

HISTORIES, USES = 40, 6


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LosingLine]:
    with ValkeyServer(tmp_path_factory.mktemp("store")) as store, LosingLine(store.port) as made:
        yield made


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory, line: LosingLine) -> Iterator[Core]:
    patch = pytest.MonkeyPatch()
    # Here each lost answer is asked for again at once.
    patch.setattr("sso_center.storage.nodes.REST_AFTER_FAILURE", 0)
    with core_in(tmp_path_factory.mktemp("core"), SSO_REDIS_URL=line.url) as built:
        yield built
    patch.undo()


def lose(line: LosingLine, ask: Callable[[], object]) -> None:
    """Ask, and lose the store's reply."""
    lost = line.lost
    line.lose_next()
    with pytest.raises(Unavailable):
        ask()
    assert line.lost == lost + 1


@pytest.mark.parametrize("registration", [{}, {"is_strict": True}], ids=["lenient", "strict"])
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_refreshes_whose_answers_are_lost_go_on(
    core: Core, line: LosingLine, form: str, registration: dict[str, bool]
) -> None:
    dice = random.Random(form)
    for _ in range(HISTORIES):
        holder, given = hold(core, access_token_format=form, **registration), set()
        for _ in range(USES):
            core.time.move(dice.choice((0, SECOND, HOUR)))
            for _ in range(dice.randrange(4)):
                lose(line, lambda h=holder: h.refresh(h.refresh_token))
                core.time.move(dice.choice((0, 1, SECOND, 15 * SECOND)))
            used = holder.refresh_token
            answer = holder.refresh()
            assert holder.refresh(used).refresh_token == answer.refresh_token
            assert holder.counts(answer.access_token)
            given |= {answer.access_token}
        assert len(given) == USES
        # Nothing was done twice, however often it was asked for.
        assert int(holder.refresh_token.split(".")[1]) == USES + 1


def test_an_app_whose_answers_are_lost_goes_on(core: Core, line: LosingLine) -> None:
    client = core.site(access_token_format="app")

    def find(token: str) -> ActiveToken | None:
        return core.services.tokens.find_active(token, asker=client)

    token = core.redeem(core.code(core.open(core.person()).cookie, client), client).access_token
    for _ in range(4):
        core.time.move(2 * HOUR)
        lose(line, lambda t=token: find(t))
        told = find(token)
        assert told is not None
        assert told.successor is not None
        lose(line, lambda t=told.successor: find(t))
        core.time.move(MINUTE)
        late = find(token)
        assert late is not None
        assert late.successor is None
        assert find(told.successor) is not None
        token = told.successor
    assert int(token.split(".")[1]) == 5


def is_dead(holder: Holder, *access_tokens: str) -> bool:
    with pytest.raises(GrantRefused):
        holder.refresh(holder.refresh_token)
    return not any(map(holder.counts, (holder.first.access_token, holder.refresh_token, *access_tokens)))


@pytest.mark.parametrize("form", ["opaque", "jwt"])
@pytest.mark.parametrize("what", ["revocation", "logout"])
def test_a_revocation_or_logout_whose_reply_is_lost_counts_and_is_recorded_later(
    core: Core, line: LosingLine, form: str, what: str
) -> None:
    def take_back(holder: Holder, family: str) -> None:
        sid = holder.first.authentication.sid
        assert sid is not None
        if what == "logout":
            core.services.endings.end_session(sid, Reason.LOGOUT, CENTER)
        else:
            core.services.revoker.revoke_family(
                family, sub=holder.user.sub, client_id=holder.client.client_id
            )

    # The store knows the script from here on: the reply that gets lost is that of its run.
    take_back(other := hold(core), other.family())
    holder = hold(core, access_token_format=form)
    told, family, before = holder.refresh(), holder.family(), core.services.entries.head()

    lose(line, lambda: take_back(holder, family))
    assert is_dead(holder, told.access_token)

    core.time.move(MINUTE)
    Sweep(core.services.redis, core.services.endings, core.services.revoker, core.time).sweep()
    recorded = core.services.entries.concerning(family[:2], after=before, since=0, limit=100)
    (kind,) = [entry.kind for entry in recorded if entry.sub == holder.user.sub]
    assert kind == ("ending" if what == "logout" else "revocation")
    assert is_dead(holder, told.access_token)
