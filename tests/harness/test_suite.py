"""What the suite promises: a failing test harms no other one, and a random order can be had again."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

FAILS_AND_LEAVES_A_SOCKET = """
import gc, socket

def test_that_fails():
    opened = socket.create_server(("127.0.0.1", 0))
    assert opened is None

def test_after_it():
    gc.collect()
"""

LEAVES_A_SOCKET = """
import gc, socket

def test_that_leaves_one():
    opened = [socket.socket()]
    opened.append(opened)

def test_after_it():
    gc.collect()
"""


def run(folder: Path, *arguments: str) -> str:
    """Run pytest with the suite's own rules on the files of a folder; returns what it says."""
    words = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-W", "error"]
    folder.joinpath("pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [*words, "-v", f"--rootdir={folder}", f"--basetemp={folder / 'temp'}", *arguments, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_what_a_failing_test_leaves_open_fails_no_other_test(tmp_path: Path) -> None:
    tmp_path.joinpath("test_one.py").write_text(FAILS_AND_LEAVES_A_SOCKET)
    said = run(tmp_path)
    assert "1 failed, 1 passed in" in said, said


def test_what_a_passing_test_leaves_open_is_an_error(tmp_path: Path) -> None:
    tmp_path.joinpath("test_one.py").write_text(LEAVES_A_SOCKET)
    assert "unclosed <socket" in run(tmp_path)


def test_a_random_order_keeps_files_together_and_can_be_had_again(tmp_path: Path) -> None:
    many = "\n".join(f"def test_{number}(): pass" for number in range(20))
    for name in "abcdefgh":
        tmp_path.joinpath(f"test_{name}.py").write_text(many)

    def order(*arguments: str) -> list[str]:
        said = run(tmp_path, *arguments)
        return [line.partition(" ")[0] for line in said.splitlines() if " PASSED " in line]

    plain, shuffled = order(), order("--shuffle", "some words")
    assert shuffled == order("--shuffle", "some words") != plain
    assert sorted(shuffled) == sorted(plain)
    files = [name.partition("::")[0] for name in shuffled]
    assert len([one for one, before in zip(files, ["", *files], strict=False) if one != before]) == 8
    assert [name for name in shuffled if "test_a.py" in name] != [
        name for name in plain if "test_a.py" in name
    ]
