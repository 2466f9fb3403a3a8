"""Serves `sso_center.wsgi:application` by a server that knows PEP 3333 and nothing else, without Granian.

python -m tests.server.plain_wsgi PORT
"""

import sys

sys.modules["granian"] = None  # type: ignore[assignment]

from werkzeug.serving import make_server  # noqa: E402

from sso_center.wsgi import application  # noqa: E402

if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), application, threaded=True).serve_forever()
