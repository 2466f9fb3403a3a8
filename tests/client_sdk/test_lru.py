"""What is remembered, and what is forgotten for it."""

from collections.abc import Callable

from client_sdk.core.threads.lru import LRU


class Watched(str):
    """A key that looks whenever the dictionary does, as another thread might between any two steps."""

    __slots__ = ("look",)
    look: Callable[[], object]

    def __hash__(self) -> int:
        self.look()
        return str.__hash__(self)


def test_an_lru_entry_written_again_is_never_missing_in_between() -> None:
    known: LRU[str, int] = LRU(2)
    known.put("sid", 1)
    seen: list[int | None] = []
    key = Watched("sid")
    key.look = lambda: seen.append(known.get("sid"))
    known.put(key, 2)
    assert set(seen) <= {1, 2}
    assert known.get("sid") == 2


def test_the_lru_evicts_the_entry_written_longest_ago() -> None:
    known: LRU[str, int] = LRU(2)
    for key in ("a", "b", "a", "c"):
        known.put(key, 1)
    assert [key for key in "abc" if known.get(key)] == ["a", "c"]
