"""The parts of Lua that the scripts of tokens are composed of."""

from sso_center.core.audit import AUDIT_PART
from sso_center.core.sessions import OPENING_PARTS

FAMILY_PARTS = (*OPENING_PARTS, AUDIT_PART, "sso_center.core.tokens/family.lua")
"""The parts of every script that deals with families."""

REDEMPTION_PARTS = (
    *FAMILY_PARTS,
    "sso_center.core.grants/grant.lua",
    "sso_center.core.tokens/redemption.lua",
)
"""The parts of every script that redeems a grant."""
