"""Keys: what the center signs JWTs and cookies with.

Owns their creation, their life (next, active, retired), their encryption at rest and the published key set.
Each process keeps them decrypted in memory, loaded whole. Knows nothing of what the tokens contain.
"""

from sso_center.core.keys.keys import Keys
from sso_center.core.keys.master import master_secret
from sso_center.core.keys.ring import PURPOSES, State, StoredKey

__all__ = ["PURPOSES", "Keys", "State", "StoredKey", "master_secret"]
