"""A person's profile: one table of fields.

`standard.py` has a line for each field; `kinds.py` says what a value may be and how it looks to programs
and in forms; `declared.py` reads the fields that an operator adds. Console, account page, command line,
API, import, claims, discovery and the consent page are loops over the table: a field costs one line there
and the translation of its label.
"""

from sso_center.base.profile.field import ADMIN, PERSON, SOURCE, Field
from sso_center.base.profile.table import ProfileTable

__all__ = ["ADMIN", "PERSON", "SOURCE", "Field", "ProfileTable"]
