"""The hot store: reachable, keeps what it is given, tells the same time."""

from collections.abc import Iterator

from sso_center.base.clock import system_clock
from sso_center.base.secrets import all_shards
from sso_center.base.settings import Settings
from sso_center.cli.doctor.finding import Finding, fail, ok, warn
from sso_center.cli.doctor.progress import Progress
from sso_center.cli.failures import named_redis
from sso_center.cli.output import counted
from sso_center.core.upkeep import count_indexes
from sso_center.storage.redis import Redis

SKEW_WORTH_KNOWING, SKEW_TOO_MUCH = 1_000, 30_000
"""Milliseconds between this machine's clock and the store's."""

NAMED = 3
"""How many keys are named of those that would stay for ever."""


def look_at_redis(settings: Settings, redis: Redis) -> Iterator[Finding]:
    """Look at every server of the hot store. Raises Unavailable."""
    for text in redis.server_info():
        info = _parsed(text)
        version = info.get("valkey_version") or info.get("redis_version", "?")
        yield ok("Redis", f"{named_redis(settings)} answers, version {version}")
        yield from _persistence(info)
        yield from _memory(info)
    yield _time(redis)
    yield from _indexes(redis)
    yield _lifetimes(redis)


def _persistence(info: dict[str, str]) -> Iterator[Finding]:
    if info.get("aof_enabled") != "1":
        yield warn("Redis", "appendonly is off: a restart signs everybody out (config set appendonly yes)")
    elif info.get("aof_last_write_status") != "ok":
        yield fail("Redis", "its last write to the append-only file failed: is the disk full?")
    else:
        yield ok("Redis", "appendonly is on")


def _memory(info: dict[str, str]) -> Iterator[Finding]:
    policy, evicted = info.get("maxmemory_policy", "?"), int(info.get("evicted_keys", "0"))
    if policy != "noeviction":
        yield fail("Redis", f"maxmemory-policy is {policy}: it may drop sessions and limits; set noeviction")
    else:
        yield ok("Redis", f"maxmemory-policy is noeviction, {info.get('used_memory_human', '?')} used")
    if evicted:
        yield fail("Redis", f"{evicted} keys were evicted since its start")


def _time(redis: Redis) -> Finding:
    before = system_clock()
    seconds, micros = redis.command(all_shards()[0], "TIME")
    after = system_clock()
    theirs = int(seconds) * 1000 + int(micros) // 1000
    # Whatever the answer took, the truth lies between the two readings of our clock.
    skew = max(before - theirs, theirs - after, 0)
    if skew > SKEW_TOO_MUCH:
        return fail("clock", f"this machine and Redis differ by {skew / 1000:.1f} s: synchronise both (NTP)")
    if skew > SKEW_WORTH_KNOWING:
        return warn("clock", f"this machine and Redis differ by {skew / 1000:.1f} s")
    return ok("clock", f"this machine and Redis differ by {skew} ms or less")


def _lifetimes(redis: Redis) -> Finding:
    progress = Progress("looking at keys", redis.count_keys())
    found = list(redis.keys_without_expiry(on_page=progress.at))
    progress.end()
    if found:
        named = ", ".join(found[:NAMED]) + (", ..." if len(found) > NAMED else "")
        return fail("Redis", f"{counted(len(found), 'key', 'keys')} would stay for ever: {named}")
    return ok("Redis", "every key has an expiry")


def _indexes(redis: Redis) -> Iterator[Finding]:
    found = count_indexes(redis)
    sessions = counted(found.sessions, "session", "sessions")
    people = counted(found.people, "person", "people")
    families = counted(found.families, "family", "families")
    yield ok("sessions", f"{sessions} of {people}, {families} of refresh and app tokens")
    if found.overdue:
        yield warn("sessions", f"{found.overdue} expired and were not swept for a minute: is serve running?")
    if found.unrecorded:
        yield warn("sessions", f"{found.unrecorded} were ended or revoked and not recorded for a minute")


def _parsed(info: str) -> dict[str, str]:
    lines = (line.partition(":") for line in info.splitlines() if ":" in line)
    return {name: value.strip() for name, _, value in lines}
