"""The limit on the sessions of one user at the same time."""

from dataclasses import dataclass

from sso_center.base.errors import Conflict


@dataclass(frozen=True)
class SessionLimits:
    """How many living sessions a user may have; any number when `per_user` is 0.

    Under the `policy` "end_oldest" a new session ends the least recently seen one, under "refuse" it is not
    opened. With `is_by_device_type` the limit counts for each type of device.
    """

    per_user: int = 0
    policy: str = "end_oldest"
    is_by_device_type: bool = False


NO_LIMITS = SessionLimits()


class TooManySessions(Conflict):
    """The user already has as many living sessions as the limit allows.

    `living` says how many, `device_type` on which type of device, '' when all types count together.
    """

    def __init__(self, living: int, device_type: str = "") -> None:
        super().__init__("You are signed in on as many devices as is allowed.", detail=f"{living} sessions")
        self.living = living
        self.device_type = device_type
