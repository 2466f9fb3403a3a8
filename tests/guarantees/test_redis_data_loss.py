"""Redis is killed within 20 ms of an acknowledgement, hundreds of times: nothing acknowledged is lost.

It comes back as it was, as it had been before, or empty. Counted is what was acknowledged before the kill.
"""

import ctypes
import os
import random
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from sso_center.base.errors import Unavailable
from sso_center.core.grants import GrantRefused
from sso_center.storage import nodes
from tests.endings.belongings import ALL, Belongings, sites_of
from tests.guarantees.revocations import MANY, ONE, Kinds, People, answered, what_dies
from tests.harness.core import Core, core_in
from tests.harness.rounds import rounds

pytestmark = pytest.mark.prove

ROUNDS = rounds(500, share=100)
"""How often each thing must have been acknowledged before a kill."""

OF_A_STORE = 50
"""Rounds before everything begins on empty stores: what earlier ones left behind makes each start slower."""

WITHIN = 0.020
"""Seconds from the first acknowledgement to the kill, at most."""


class Store:
    """The embedded server of a core, to be killed and brought back with other data."""

    def __init__(self, core: Core, comes_back: str) -> None:
        self._embedded = core.services.redis.embedded
        assert self._embedded is not None
        self._data = Path(self._embedded.socket_path).parent / "appendonlydir"
        self._copy = core.services.settings.data_dir / "copy"
        self._comes_back = comes_back

    def copy(self) -> None:
        """Keep what it has on disk: it writes there at the end of each turn of its loop."""
        if self._comes_back == "as it was before":
            shutil.rmtree(self._copy, ignore_errors=True)
            shutil.copytree(self._data, self._copy)

    def kill(self) -> None:
        """Kill it: what it has not written by now is gone."""
        server = int((self._data.parent / "valkey.pid").read_text())
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)

    def come_back(self) -> None:
        """Start it on what it is to have."""
        if self._comes_back != "as it was":
            shutil.rmtree(self._data)
        if self._comes_back == "as it was before":
            shutil.copytree(self._copy, self._data)
        assert self._embedded is not None
        self._embedded.ensure_running()

    @contextmanager
    def dying(self, after: float):  # type: ignore[no-untyped-def]
        """Kill it so many seconds after the block began; the block ends when it is dead."""
        killer = threading.Timer(after, self.kill)
        killer.start()
        try:
            yield
        finally:
            killer.join()


class Proof:
    """Takes back, kills and looks, on stores that begin empty."""

    def __init__(self, core: Core, kinds: Kinds, comes_back: str, chance: random.Random) -> None:
        self._core, self._kinds, self._chance = core, kinds, chance
        self._sites = sites_of(core)
        self._store = Store(core, comes_back)
        self._is_empty = comes_back == "empty"
        self._people = People(core, self._sites)
        self._dead = what_dies(self._people, kinds)
        self._bystander = self._people.sign_in()

    def kill_once(self, names: list[str]) -> list[str]:
        """Return what was acknowledged before a kill; all of that, and nothing else, stays taken back."""
        of_one = names[0] in ONE
        if self._is_empty:
            self._bystander = answered(self._people.sign_in)
        mine = {name: answered(partial(self._people.sign_in, name)) for name in names}
        grant = self._core.code(self._bystander.held["session"], self._sites.opaque) if of_one else ""
        self._store.copy()
        self._core.time.move(1)
        # The first is acknowledged before anything happens; the kill may come in the midst of any other.
        self._take_back(names[0], mine[names[0]])
        acknowledged = [names[0]]
        with self._store.dying(self._chance.uniform(0, WITHIN)):
            acknowledged += [name for name in names[1:] if self._is_acknowledged(name, mine[name])]
        self._store.come_back()
        for name in acknowledged:
            self._is_dead(name, mine[name])
        if of_one:
            self._goes_on(grant)
        return acknowledged

    def _goes_on(self, grant: str) -> None:
        """See that whom nothing concerned is still in, and that a grant of before, spent or not, is void."""
        left = answered(self._bystander.alive)
        assert self._is_empty or left == ALL
        with pytest.raises(GrantRefused):
            self._core.redeem(grant, self._sites.opaque)

    def _take_back(self, name: str, mine: Belongings) -> None:
        self._kinds[name](self._core, self._sites, mine)

    def _is_acknowledged(self, name: str, mine: Belongings) -> bool:
        try:
            self._take_back(name, mine)
        except Unavailable:
            return False
        return True

    def _is_dead(self, name: str, mine: Belongings) -> None:
        left = answered(mine.alive)
        assert not left & self._dead[name], f"{name}: {sorted(left)} came back"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    # Only so that hundreds of rounds take less: a store that was away is asked again at once.
    monkeypatch.setattr(nodes, "REST_AFTER_FAILURE", 0.0)


@pytest.fixture
def subreaper() -> Iterator[None]:
    # Servers are daemons, and not every machine's first process buries the dead: thousands would stay.
    becomes_subreaper = 36
    libc = ctypes.CDLL(None)
    libc.prctl(becomes_subreaper, 1, 0, 0, 0)
    yield
    libc.prctl(becomes_subreaper, 0, 0, 0, 0)


@pytest.mark.usefixtures("impatient", "subreaper")
@pytest.mark.parametrize("comes_back", ["as it was", "as it was before", "empty"])
@pytest.mark.parametrize("kinds", [ONE, MANY], ids=["of one person", "of many"])
def test_an_acknowledged_revocation_outlives_a_redis_that_lost_it(
    kinds: Kinds, comes_back: str, swift_folder: Path
) -> None:
    chance, counts = random.Random(f"{comes_back}{len(kinds)}"), Counter[str]()
    while min(counts[kind] for kind in kinds) < ROUNDS:
        folder = swift_folder / str(counts.total())
        with core_in(folder) as core:
            proof = Proof(core, kinds, comes_back, chance)
            for _ in range(OF_A_STORE):
                counts.update(proof.kill_once(chance.sample(tuple(kinds), len(kinds))))
                if min(counts[kind] for kind in kinds) >= ROUNDS:
                    break
        shutil.rmtree(folder)
