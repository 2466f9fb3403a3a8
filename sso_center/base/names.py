"""How a login name is written, so that it is stored, looked up and limited in one form."""

import unicodedata

MAX_USERNAME = 100


def normal_name(username: str) -> str:
    """Return the one form of a login name: NFKC and casefolded, without space around it.

    Two names that look alike or differ in case are one person's, and one bucket of the login limits
    (UTS 39, Unicode 3.13). Never raises; whether the name is acceptable is asked elsewhere.
    """
    # Casefolding can undo the normal form, and the other way round; a second round settles both.
    folded = unicodedata.normalize("NFKC", username.strip()).casefold()
    return unicodedata.normalize("NFKC", folded).casefold().strip()
