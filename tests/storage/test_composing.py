"""What a script is made of: the parts it names, without what it does not use of them."""

import gc
import importlib
import pkgutil
import re
from pathlib import Path

import sso_center.core
from sso_center.base.secrets import all_shards
from sso_center.storage.redis import Redis, Script, load_script

USES = load_script(__package__, "part.lua", "uses.lua")
PACKAGE = Path(sso_center.__file__).parent
DEFINED = re.compile(r"^local function (\w+)", re.MULTILINE)


def test_a_script_has_the_functions_it_uses_whoever_names_them(redis: Redis, shard: str) -> None:
    assert redis.run(USES, shard, text="x") == ["x short deep long"]


def test_a_script_is_sent_without_the_functions_it_does_not_use() -> None:
    assert {"long", "deep", "short"} <= set(DEFINED.findall(USES.text))
    assert {"unused", "next_stamp", "next_cutoff"}.isdisjoint(DEFINED.findall(USES.text))


def test_nothing_that_a_script_of_the_center_calls_is_left_out_of_it(redis: Redis) -> None:
    for found in pkgutil.walk_packages(sso_center.core.__path__, "sso_center.core."):
        importlib.import_module(found.name)
    scripts = [each for each in gc.get_objects() if isinstance(each, Script) and "sso_center" in each.name]
    assert len(scripts) > 20
    own = set(DEFINED.findall("\n".join(part.read_text() for part in PACKAGE.rglob("*.lua"))))
    for script in scripts:
        code = re.sub(r"--.*", "", script.text)
        called = own & set(re.findall(r"\b(\w+)\(", code))
        assert called <= set(re.findall(r"function (\w+)", code)), script.name
        # A server that compiles it gives it the name we know it by.
        assert redis.command(all_shards()[0], "SCRIPT", "LOAD", script.text) == script.sha, script.name
