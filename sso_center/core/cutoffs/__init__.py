"""Cut-offs: they invalidate everything issued before an instant, for a user, a client, a role or everyone.

A cut-off counts at once; a job then ends the sessions that it voided, so that their sites are notified.
"""

from sso_center.core.cutoffs.enforcer import CutoffEnforcer
from sso_center.core.cutoffs.job_runner import CutoffJobRunner
from sso_center.core.cutoffs.mass_endings import LOOKED_AT, MassEndings, Reach, Scope

__all__ = ["LOOKED_AT", "CutoffEnforcer", "CutoffJobRunner", "MassEndings", "Reach", "Scope"]
