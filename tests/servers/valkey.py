"""The Valkey that the center embeds, run by the tests themselves on a port."""

from collections.abc import Mapping
from pathlib import Path

from sso_center.storage.embedded import server_program
from tests.servers.redis import RedisServer


class ValkeyServer(RedisServer):
    """A Valkey that is started, killed, paused and started again at the same address; its data stays."""

    def __init__(
        self, folder: Path, *, options: Mapping[str, str] | None = None, arguments: tuple[str, ...] = ()
    ) -> None:
        super().__init__(folder, program=server_program(), options=options, arguments=arguments)
