"""What a script is made of: the files it names, without what it does not use of them, called by names."""

import gc
import importlib
import pkgutil
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

import sso_center.core
from sso_center.base.secrets import all_shards
from sso_center.storage.lua import BadScript
from sso_center.storage.redis import Redis, Script, load_script
from tests.storage.scripts import COUNT, ECHO, UNGUARDED_COUNT

USES = load_script(__package__, "part.lua", "uses.lua")
DEFINED = re.compile(r"^local function (\w+)", re.MULTILINE)

Compose = Callable[..., Script]


@pytest.fixture
def compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compose:
    """Return what composes a script of the given texts; the last is the script itself."""
    monkeypatch.syspath_prepend(tmp_path)

    def composed(*texts: str) -> Script:
        package = tmp_path / f"lua_{secrets.token_hex(8)}"
        package.mkdir()
        (package / "__init__.py").touch()
        for place, text in enumerate(texts):
            (package / f"part{place}.lua").write_text(text)
        return load_script(package.name, *(f"part{place}.lua" for place in range(len(texts))))

    return composed


def test_a_script_has_the_functions_it_uses_whoever_names_them(redis: Redis, shard: str) -> None:
    assert redis.run(USES, shard, {"text": "x"}) == ["x short deep long"]


def test_a_script_is_sent_without_the_functions_it_does_not_use() -> None:
    assert {"long", "deep", "short"} <= set(DEFINED.findall(USES.text))
    assert {"unused", "next_stamp", "next_cutoff"}.isdisjoint(DEFINED.findall(USES.text))


def test_every_script_of_the_center_is_composed_and_compiled(redis: Redis) -> None:
    for found in pkgutil.walk_packages(sso_center.core.__path__, "sso_center.core."):
        importlib.import_module(found.name)
    scripts = [each for each in gc.get_objects() if isinstance(each, Script) and "sso_center" in each.name]
    own = {path.name for path in Path(sso_center.__file__).parent.rglob("*.lua")}
    last = {script.name.rpartition("/")[2] for script in scripts}
    shared = {name for name in own - last if name not in {"prelude.lua", "guard.lua"}}
    assert len(last) > 40
    assert {path.name for path in _shared_files()} == shared
    for script in scripts:
        # A server that compiles it gives it the name we know it by.
        assert redis.command(all_shards()[0], "SCRIPT", "LOAD", script.text) == script.sha, script.name


def _shared_files() -> list[Path]:
    """Return the files that hold functions alone: at the margin they return nothing."""
    paths = Path(sso_center.__file__).parent.rglob("*.lua")
    texts = {path: path.read_text() for path in paths if path.name not in {"prelude.lua", "guard.lua"}}
    return [path for path, text in texts.items() if not re.search(r"^return ", text, re.MULTILINE)]


# Arguments


def test_arguments_arrive_by_name_in_any_order(redis: Redis, shard: str, compose: Compose) -> None:
    script = compose(
        """--! args: word, amount: number, none: number, is_on: flag, is_off: flag, *others
return {word, amount + 1, none == nil and 1 or 0, is_on and 1 or 0, is_off and 1 or 0, unpack(others)}
"""
    )
    reply = redis.run(
        script, shard, {"others": ["x", 7], "is_off": 0, "is_on": 1, "none": "", "amount": 41, "word": "é"}
    )
    assert reply == ["é", 42, 1, 1, 0, "x", "7"]
    assert redis.run(
        script, shard, {"others": (), "is_off": "0", "is_on": "1", "none": 0, "amount": "1", "word": ""}
    )[1:] == [*(2, 0, 1, 0)]


def test_many_calls_are_given_their_arguments_by_name(redis: Redis, compose: Compose) -> None:
    script = compose("--! args: first, second\nreturn {first, second}\n")
    assert redis.run_many(
        script, [("07", {"second": "b", "first": "a"}), ("08", {"first": 1, "second": 2})]
    ) == [
        ["a", "b"],
        ["1", "2"],
    ]
    assert redis.run_everywhere(script, {"second": "b", "first": "a"})["3f"] == ["a", "b"]


@pytest.mark.parametrize("given", [{}, {"text": "x", "more": "y"}, {"texts": "x"}])
def test_a_call_with_other_arguments_than_declared_is_refused_unsent(
    redis: Redis, shard: str, given: dict[str, str]
) -> None:
    with pytest.raises(TypeError, match="is not what it declares"):
        redis.run(ECHO, shard, given)
    with pytest.raises(TypeError, match="is not what it declares"):
        redis.run_many(ECHO, [(shard, given)])
    with pytest.raises(TypeError, match="is not what it declares"):
        redis.run_everywhere(COUNT, given)
    with pytest.raises(TypeError, match="is not what it declares"):
        redis.run_unguarded(UNGUARDED_COUNT, shard, given)


# Replies


def test_a_declared_reply_is_read_by_name(redis: Redis, shard: str, compose: Compose) -> None:
    script = compose(
        """--! args: word
--! reply done: first, second
--! reply listed: count, *names
if word == 'list' then return {'listed', 2, unpack({'a', 'b'})} end
return {'done', word, {1, 2}}
"""
    )
    done = script.read(redis.run(script, shard, {"word": "x"}))
    assert (done.first, done.second) == ("x", [1, 2])
    listed = script.read(redis.run(script, shard, {"word": "list"}))
    assert (listed.count, listed.names) == (2, ["a", "b"])


# What the composer does not understand


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["local function f(x)\n  return x\n", "return f(1)\n"], "never closed"),
        (["local function f(x) if x then return x end\n", "return f(1)\n"], "never closed"),
        (["local function f(x) return x) end\n", "return f(1)\n"], "closes 'function'"),
        (["local function f(x) return x end end\n", "return f(1)\n"], "closes ''"),
        (["function f(x) return x end\n", "return f(1)\n"], "functions and constants"),
        (["local f = function(x) return x end\n", "return f(1)\n"], "functions and constants"),
        (["local f = g(1)\n", "return f\n"], "functions and constants"),
        (["local A = 1\nA = 2\n", "return A\n"], "functions and constants"),
        (["local A = 1\nif A then redis.call('PING') end\n", "return A\n"], "functions and constants"),
        (["local function f() end\nredis.call('PING')\nlocal function g() end\n", "return 1\n"], "constants"),
        (["local function f() end\n", "local function f() end\nreturn f()\n"], "'f' is defined twice"),
        (["local A = 1\n", "local A = 2\nreturn A\n"], "'A' is defined twice"),
        (["--! args: now\nreturn now\n"], "'now' is defined twice"),
        (["--! args: a, a\nreturn a\n"], "'a' is defined twice"),
        (["--! args: a\nlocal a = 1\nreturn a\n"], "'a' is defined twice"),
        (["--! args: unpack\nreturn unpack\n"], "'unpack' is defined twice"),
        (["return f(1)\n"], "f used, but not defined"),
        (["local function f() return g() end\nlocal function g() return 1 end\nreturn f()\n"], "g used"),
        (["if true then local a = 1 end\nreturn a\n"], "a used"),
        (["for _, one in ipairs({}) do redis.call(one) end\nreturn one\n"], "one used"),
        (["local function f(x) return y end\nreturn f(1)\n"], "y used"),
        (["f = 1\nreturn 1\n"], "f used"),
        (["return {a = b}\n"], "b used"),
        (["local t = {}\nt.a = a\nreturn t\n"], "a used"),
        (["return ARGV[5]\n"], "KEYS and ARGV"),
        (["local function f() return KEYS[1] end\n", "return f()\n"], "KEYS and ARGV"),
        (["--! args: a, b\nreturn a\n"], "declares b and does not read"),
        (["--! args: a, *b, c\nreturn {a, b, c}\n"], "'*b' declares nothing"),
        (["--! args: a: text, b: json\nreturn {a, b}\n"], "'b: json' declares nothing"),
        (["--! args: A\nreturn A\n"], "'A' declares nothing"),
        (["--! argument: a\nreturn a\n"], "is no declaration"),
        (["--! args: a\n", "return a\n"], "only the last file"),
        (["--! reply done: a, b\nreturn {'done', 1}\n"], "reply done has other values"),
        (["--! reply done: a\nreturn {'done', unpack({})}\n"], "reply done has other values"),
        (["--! reply done: a, *b\nreturn {'done', 1, {2, 3}}\n"], "reply done has other values"),
        (["--! reply done: a\nreturn {'doen', 1}\n"], "reply done is declared and never made"),
        (["return 1 -- fine\nlocal a = [[long]]\n"], "line 2: '[[long]]"),
        (["--[[ long ]]\nreturn 1\n"], "is not understood"),
        (["return 'a\n"], "is not understood"),
        (["\n".join(f"local a{n} = {n}" for n in range(201)) + "\nreturn a0\n"], "Lua allows 200"),
    ],
)
def test_what_can_not_be_composed_faithfully_is_refused_at_import(
    compose: Compose, texts: list[str], said: str
) -> None:
    with pytest.raises(BadScript, match=re.escape(said)):
        compose(*texts)


def test_scopes_fields_keys_and_own_names_are_no_undefined_names(
    redis: Redis, shard: str, compose: Compose
) -> None:
    script = compose(
        """local KEPT, LISTS = 60, {a = 1, ['b'] = 2}
local function again(n)
  if n == 0 then return 'done' end
  return again(n - 1)
end
local function sum(...)
  local total = 0
  for _, one in ipairs({...}) do total = total + one end
  repeat local last = total; total = total + 1 until last > 5
  while total < 0 do total = total + 1 end
  return total
end
""",
        """--! args: word
local t = {word = word, sum = function(x) return x end; -- a key, and a comment with (brackets
  [1] = KEPT}
local text = "a 'quoted' -- text" .. 'it\\'s'
do
  local word = t.word:upper()
  t.word = word
end
return {t.word, again(3), sum(1, 2), t.sum(LISTS.b), #text > 0 and 1 or 0}
""",
    )
    assert redis.run(script, shard, {"word": "x"}) == ["X", "done", 7, 2, 1]
