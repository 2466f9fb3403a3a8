"""What façades and pages share: headers, CSRF, errors, language, the client's address, the log.

No rule of core lives here.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from sso_center.base.settings import Settings


def install(app: "Flask", settings: "Settings", program_paths: tuple[str, ...]) -> None:
    """Give `app` everything of this package; its `secret_key` must be set before.

    What begins with one of `program_paths` is asked by programs alone.

    The parts are imported here, so that a process without Flask may use the log alone.
    """
    from sso_center.web import address, csrf, errors, headers, language, logging, metrics, pages  # noqa: PLC0415

    # What is installed first sees an answer last: the headers stand on every answer, however it came about.
    headers.install(app, settings)
    logging.install(app)
    metrics.install(app)
    address.install(app, settings)
    language.install(app, settings)
    pages.install(app, settings)
    errors.install(app, program_paths)
    csrf.install(app, settings)
