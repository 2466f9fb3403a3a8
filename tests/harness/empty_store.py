"""Empty SQLite stores, migrated once and copied: a migration costs more than most of what tests do."""

import atexit
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path

from sso_center.base.settings import load_settings
from sso_center.storage.migrate import migrate
from sso_center.storage.sql import database_url


def put_empty_store(settings: Mapping[str, str]) -> bool:
    """Put an empty store with a lineage of its own into a data folder that holds nothing yet; say so.

    Nothing is done where the settings name another database than the folder's own.
    """
    folder = Path(settings["SSO_DATA_DIR"])
    if "SSO_DATABASE_URL" in settings or (folder.exists() and any(folder.iterdir())):
        return False
    template = _template()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = folder / template.name
    shutil.copy(template, store)
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        lineage = secrets.token_hex(8)
        connection.execute("UPDATE meta SET value = ? WHERE key = 'lineage'", (lineage,))
    return True


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="sso-empty-store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    url = database_url(load_settings({"SSO_DATA_DIR": str(folder)}))
    migrate(url)
    assert url.database is not None
    return Path(url.database)
