"""The scripts that these tests run."""

from sso_center.storage.redis import load_script, load_unguarded_script

ECHO = load_script(__package__, "echo.lua")
COUNT = load_script(__package__, "count.lua")
STAMP = load_script(__package__, "stamp.lua")
SLOW = load_script(__package__, "slow.lua")
REFUSE = load_script(__package__, "refuse.lua")
UNGUARDED_COUNT = load_unguarded_script(__package__, "count.lua")
UNGUARDED_STAMP = load_unguarded_script(__package__, "stamp.lua")
