"""How strong a sign-in was (`acr`), as it follows from the methods of its steps (`amr`, RFC 8176)."""

from collections.abc import Callable, Collection

FACTORS = (
    frozenset(("pwd", "pin", "kba")),
    frozenset(("otp", "hwk", "swk", "sc", "sms", "tel")),
    frozenset(("fpt", "face", "iris", "retina", "vbm")),
)
"""The methods of each kind of factor: what a person knows, has, and is."""


def has_two_factors(amr: Collection[str]) -> bool:
    """Say whether methods of two kinds were used, or a provider says that they were (`mfa`)."""
    return "mfa" in amr or sum(not kind.isdisjoint(amr) for kind in FACTORS) > 1


ACR_VALUES: tuple[tuple[str, Callable[[Collection[str]], bool]], ...] = (
    ("urn:sso:two-factors", has_two_factors),
    ("urn:sso:password", lambda amr: "pwd" in amr),
    ("urn:sso:one-factor", bool),
    ("0", lambda _amr: True),
)
"""From the strongest down: the first whose condition holds is the one. "0" is nothing to rely on (OpenID
Connect Core section 2)."""


def acr_of(amr: Collection[str]) -> str:
    """Return the `acr` of a sign-in by these methods."""
    return next(name for name, is_met in ACR_VALUES if is_met(amr))
