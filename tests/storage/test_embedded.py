"""The private server of a data folder: shared by its processes, gone with the last, back when it died."""

import contextlib
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis as PlainClient

from sso_center.base.clock import system_clock
from sso_center.base.errors import SettingsError, Unavailable
from sso_center.base.settings import load_settings
from sso_center.storage.embedded import EmbeddedServer
from sso_center.storage.redis import open_redis
from tests.harness.waiting import eventually
from tests.storage.hot import Journal, together, works
from tests.storage.scripts import COUNT, ECHO

# A process of its own that joins, says which server it found, and stays until its input ends.
USER = """
import sys
from pathlib import Path
from sso_center.storage.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.join()
print("joined", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder; a server that a test left on it is killed."""
    folder = tmp_path / "data"
    yield folder
    for process in processes_of(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@pytest.fixture
def new_user(data_dir: Path) -> Iterator[Callable[[], EmbeddedServer]]:
    """Make users of the data folder's server: `new_user()`, as other processes would be."""
    made: list[EmbeddedServer] = []

    def make() -> EmbeddedServer:
        made.append(EmbeddedServer(data_dir))
        return made[-1]

    yield make
    for user in made:
        user.leave()


def processes_of(data_dir: Path) -> list[int]:
    """Return the servers that run on a data folder, by what the operating system knows."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_server = process.joinpath("exe").readlink().name == "valkey-server"
            if is_server and process.joinpath("cwd").readlink() == data_dir / "valkey":
                found.append(int(process.name))
    return found


def client_of(user: EmbeddedServer) -> PlainClient:
    return PlainClient(unix_socket_path=str(user.socket_path), decode_responses=True)


def kill(data_dir: Path) -> None:
    (server,) = processes_of(data_dir)
    os.kill(server, signal.SIGKILL)
    eventually(lambda: not processes_of(data_dir))


def start_user(data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


# Who starts and stops it


def test_the_first_user_starts_the_embedded_server_and_the_last_stops_it(
    data_dir: Path, new_user: Callable[[], EmbeddedServer]
) -> None:
    first, second = new_user(), new_user()
    first.join()
    (server,) = processes_of(data_dir)
    second.join()
    first.leave()
    assert processes_of(data_dir) == [server]
    second.leave()
    assert processes_of(data_dir) == []


def test_the_embedded_servers_data_is_there_at_the_next_start(new_user: Callable[[], EmbeddedServer]) -> None:
    user = new_user()
    user.join()
    with client_of(user) as client:
        client.set("kept", "yes")
    user.leave()
    user.join()
    with client_of(user) as client:
        assert client.get("kept") == "yes"


def test_many_processes_that_start_the_embedded_server_at_once_share_one(data_dir: Path) -> None:
    users = [start_user(data_dir) for _ in range(6)]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "joined\n"
    assert len(processes_of(data_dir)) == 1
    for user in users:
        user.communicate()
    assert processes_of(data_dir) == []


def test_threads_that_start_the_embedded_server_at_once_share_one(
    data_dir: Path, new_user: Callable[[], EmbeddedServer]
) -> None:
    users = [new_user() for _ in range(8)]
    assert together(8, lambda n: users[n].join()) == [None] * 8
    assert len(processes_of(data_dir)) == 1


def test_starters_killed_at_any_moment_leave_nothing_in_the_way(
    data_dir: Path, new_user: Callable[[], EmbeddedServer]
) -> None:
    chooser = random.Random(7)
    for _ in range(8):
        user = start_user(data_dir)
        time.sleep(chooser.uniform(0.05, 0.3))
        user.kill()
        user.communicate()
        assert len(processes_of(data_dir)) <= 1
    last = new_user()
    last.join()
    assert len(processes_of(data_dir)) == 1
    last.leave()
    assert processes_of(data_dir) == []


def test_when_all_users_were_killed_the_next_one_takes_the_server_over(
    data_dir: Path, new_user: Callable[[], EmbeddedServer]
) -> None:
    killed = start_user(data_dir)
    assert killed.stdout is not None
    killed.stdout.readline()
    (server,) = processes_of(data_dir)
    killed.kill()
    killed.communicate()
    assert processes_of(data_dir) == [server]
    user = new_user()
    user.join()
    assert processes_of(data_dir) == [server]
    user.leave()
    assert processes_of(data_dir) == []


def test_a_forked_child_does_not_give_up_its_parents_place(
    data_dir: Path, new_user: Callable[[], EmbeddedServer]
) -> None:
    user = new_user()
    user.join()
    child = os.fork()
    if child == 0:
        user.leave()
        os._exit(0)
    os.waitpid(child, 0)
    assert len(processes_of(data_dir)) == 1


def test_leaving_and_joining_in_turn_never_meets_a_server_that_is_going(
    new_user: Callable[[], EmbeddedServer],
) -> None:
    users = [new_user() for _ in range(4)]

    def come_and_go(number: int) -> None:
        for _ in range(5):
            users[number].join()
            with client_of(users[number]) as client:
                assert client.ping()
            users[number].leave()

    assert together(4, come_and_go) == [None] * 4


# When it died


def test_a_killed_server_is_back_with_its_data_and_used_again_within_two_seconds(tmp_path: Path) -> None:
    settings = load_settings({"SSO_DATA_DIR": str(tmp_path / "data"), "SSO_REDIS_TIMEOUT_MS": "2000"})
    redis = open_redis(settings, system_clock)
    assert redis.embedded is not None
    journal = Journal(redis)
    assert redis.run(COUNT, "11", {"name": "kept"}) == 1
    kill(settings.data_dir)
    with pytest.raises(Unavailable):
        redis.run(ECHO, "11", {"text": "x"})
    redis.embedded.ensure_running()
    assert eventually(lambda: works(lambda: redis.run(ECHO, "11", {"text": "x"})))
    assert redis.run(COUNT, "11", {"name": "kept"}) == 2
    assert journal.recovered == ["11", "11"]
    redis.close()
    assert processes_of(settings.data_dir) == []


def test_all_processes_that_restart_a_dead_server_bring_back_one(
    data_dir: Path, new_user: Callable[[], EmbeddedServer]
) -> None:
    users = [new_user() for _ in range(6)]
    for user in users:
        user.join()
    kill(data_dir)
    assert together(6, lambda n: users[n].ensure_running()) == [None] * 6
    assert len(processes_of(data_dir)) == 1


def test_a_torn_end_of_the_append_only_file_is_cut_off(
    data_dir: Path, new_user: Callable[[], EmbeddedServer]
) -> None:
    user = new_user()
    user.join()
    with client_of(user) as client:
        client.set("whole", "yes")
        client.set("torn", "no")
    kill(data_dir)
    (log,) = (data_dir / "valkey" / "appendonlydir").glob("*.incr.aof")
    os.truncate(log, log.stat().st_size - 5)
    user.ensure_running()
    with client_of(user) as client:
        assert client.mget("whole", "torn") == ["yes", None]


def test_a_damaged_append_only_file_is_told_in_one_line_and_not_tried_again_and_again(
    data_dir: Path, new_user: Callable[[], EmbeddedServer]
) -> None:
    user = new_user()
    user.join()
    with client_of(user) as client:
        client.mset({f"key-{n}": "x" * 50 for n in range(50)})
    kill(data_dir)
    (log,) = (data_dir / "valkey" / "appendonlydir").glob("*.incr.aof")
    damaged = bytearray(log.read_bytes())
    damaged[100:120] = b"!" * 20
    log.write_bytes(damaged)
    with pytest.raises(Unavailable) as refused:
        user.ensure_running()
    assert refused.value.detail.count("\n") == 0
    assert "ppend only file" in refused.value.detail
    assert str(user.log_path) in refused.value.detail
    starts = user.log_path.read_text().count("is starting")
    for _ in range(20):
        with pytest.raises(Unavailable):
            user.ensure_running()
    assert user.log_path.read_text().count("is starting") <= starts + 1


def test_a_socket_file_that_was_removed_comes_back_with_one_server_and_its_data(
    data_dir: Path, new_user: Callable[[], EmbeddedServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sso_center.storage.embedded.SOCKET_LIMIT", 1.0)
    first, second = new_user(), new_user()
    first.join()
    with client_of(first) as client:
        client.set("kept", "yes")
    first.socket_path.unlink()
    assert together(2, lambda n: (first.ensure_running, second.join)[n]()) == [None] * 2
    assert len(processes_of(data_dir)) == 1
    with client_of(second) as client:
        assert client.get("kept") == "yes"


def test_a_server_that_hangs_gets_no_second_one_beside_it(
    data_dir: Path, new_user: Callable[[], EmbeddedServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sso_center.storage.embedded.ANSWER_LIMIT", 0.5)
    monkeypatch.setattr("sso_center.storage.embedded.SOCKET_LIMIT", 0.5)
    monkeypatch.setattr("sso_center.storage.embedded.PROBE_LIMIT", 0.1)
    first, second = new_user(), new_user()
    first.join()
    (server,) = processes_of(data_dir)
    os.kill(server, signal.SIGSTOP)
    with pytest.raises(Unavailable) as refused:
        second.join()
    assert "does not answer" in refused.value.detail
    assert processes_of(data_dir) == [server]
    os.kill(server, signal.SIGCONT)


# Its folder


def test_no_other_user_can_reach_the_embedded_server(
    data_dir: Path, new_user: Callable[[], EmbeddedServer]
) -> None:
    user = new_user()
    user.join()
    assert stat.S_IMODE((data_dir / "valkey").stat().st_mode) == 0o700
    assert stat.S_IMODE(user.socket_path.stat().st_mode) == 0o700
    with client_of(user) as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.info("server")["tcp_port"] == 0


def test_a_socket_in_a_deep_folder_gets_a_short_private_path_that_all_agree_on(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / 'with "quotes" and spaces' / ("e" * 40)
    users = [EmbeddedServer(deep) for _ in range(4)]
    assert together(4, lambda n: users[n].join()) == [None] * 4
    (path,) = {user.socket_path for user in users}
    assert len(str(path)) < 100
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for user in users:
        user.leave()
    path.parent.rmdir()
    users[0].join()  # the temporary folder was swept: the path stays what others know
    assert users[0].socket_path == path
    users[0].leave()
    path.parent.rmdir()


def test_a_short_folder_that_somebody_else_put_there_is_not_used(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    squatted = EmbeddedServer(deep).socket_path.parent
    squatted.chmod(0o777)
    user = EmbeddedServer(deep)
    user.join()
    assert user.socket_path.parent != squatted
    user.leave()
    user.socket_path.parent.rmdir()
    squatted.rmdir()


def test_a_data_folder_that_is_none_is_named_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingsError, match=r"SSO_DATA_DIR is .* Not a directory") as refused:
        EmbeddedServer(file).join()
    assert "\n" not in refused.value.message


def test_a_data_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "valkey"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, 12345, 12345)
    else:
        folder.chmod(0o500)
    with pytest.raises(SettingsError, match="SSO_DATA_DIR"):
        EmbeddedServer(tmp_path).join()


def test_a_stray_socket_file_of_a_crash_is_replaced(
    data_dir: Path, new_user: Callable[[], EmbeddedServer]
) -> None:
    user = new_user()
    with socket.socket(socket.AF_UNIX) as stray:
        stray.bind(str(user.socket_path))
    user.join()
    with client_of(user) as client:
        assert client.ping()
