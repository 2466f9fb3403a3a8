"""How many sessions one user may have at the same time."""

from dataclasses import dataclass

from sso_center.base.errors import Conflict


@dataclass(frozen=True)
class SessionLimits:
    """How many living sessions a user may have: of any number when `per_user` is 0.

    By the `policy` "end_oldest" a new one ends the least recently seen, by "refuse" it is not opened. With
    `is_by_device_type` the number is meant for each type of device.
    """

    per_user: int = 0
    policy: str = "end_oldest"
    is_by_device_type: bool = False


NO_LIMITS = SessionLimits()


class TooManySessions(Conflict):
    """A user has as many living sessions as the limit allows.

    `living` says how many, and `device_type` of which type of device, '' when all types count together.
    """

    def __init__(self, living: int, device_type: str = "") -> None:
        super().__init__("You are signed in on as many devices as is allowed.", detail=f"{living} sessions")
        self.living = living
        self.device_type = device_type
