"""The set-up's decisions without any installation: errors of the system, words of installers, computers, plans."""

import errno
import json
import os
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from course_utils.setup import environment, installer, machine, problems
from course_utils.setup.environment import Checkout, Plan
from course_utils.setup.machine import Machine
from course_utils.setup.problems import SetUpError

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), "full"),
        (OSError(errno.EROFS, "Read-only file system"), "read-only"),
        (PermissionError(errno.EACCES, "Permission denied"), "may not write"),
        (OSError(errno.EIO, "Input/output error", "/x/y"), "Input/output error"),
    ],
)
def test_sentence_for_an_error_of_the_system(error, words):
    assert words in problems.explain_os_error(error, "/x").sentence


UV_OFFLINE = """error: Request failed after 3 retries in 8.0s
  cause: Failed to fetch: https://pypi.org/simple/tensorflow/
  cause: client error (Connect)
  cause: dns error
"""
UV_CACHE = """error: Failed to initialize cache at `/nonexistent/.cache/uv`
  cause: failed to create directory `/nonexistent/.cache/uv`: Permission denied (os error 13)
"""
PIP_OFFLINE = """WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(':
Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/uv/
ERROR: No matching distribution found for tensorflow~=2.21.0
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (UV_OFFLINE, "the network"),
        (PIP_OFFLINE, "network"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "full"),
        ("error: failed to write: Permission denied (os error 13)", "may not write"),
        (UV_CACHE, "/nonexistent/.cache/uv"),
        ("OSError: [Errno 30] Read-only file system: '/x'", "read-only"),
        ("The file is being used by another process. (os error 32)", "another program"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "does not trust"),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407'))", "the proxy refused"),
        ("ERROR: No matching distribution found for tensorflow~=2.21.0", "no package tensorflow"),
        (
            "cause: Because nosuch was not found in the package registry and you require nosuch, we can",
            "no package nosuch",
        ),
        ("HINT: this system does not have Windows Long Path support enabled.", "Windows allows no path"),
        ("something new\n\n", "something new"),
        ("", "nothing"),
    ],
)
def test_sentence_for_the_words_of_an_installer(text, words):
    problem = problems.explain_installer(text, "/x")
    assert words in problem.sentence
    assert str(problem) == f"Unrolled cannot start: {problem.sentence}. Next step: {problem.next_step}."


LINUX = {"system": "Linux", "processor": "x86_64", "libc": "glibc 2.36"}
MAC = {"system": "Darwin", "processor": "arm64", "release": (14, 5)}
WINDOWS = {"system": "Windows", "processor": "amd64"}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (LINUX, None),
        ({**LINUX, "processor": "aarch64"}, None),
        ({**LINUX, "processor": "armv7l"}, "Linux on armv7l"),
        ({**LINUX, "processor": "riscv64"}, "riscv64"),
        ({**LINUX, "libc": ""}, "Alpine"),
        ({**LINUX, "libc": "glibc 2.17"}, "glibc 2.17"),
        ({**LINUX, "bits": 32}, "32-bit"),
        ({**LINUX, "implementation": "PyPy"}, "PyPy"),
        ({**LINUX, "has_gil": False}, "free-threaded"),
        (MAC, None),
        ({**MAC, "processor": "x86_64"}, "Intel processor"),
        ({**MAC, "processor": "x86_64", "translated": True}, "Intel Python"),
        ({**MAC, "release": (11, 7)}, "macOS"),
        (WINDOWS, None),
        ({**WINDOWS, "processor": "arm64"}, "ARM"),
        ({**WINDOWS, "processor": "win32", "bits": 32}, "32-bit"),
        ({"system": "FreeBSD", "processor": "amd64"}, "FreeBSD"),
    ],
)
def test_computers_that_tensorflow_has_a_wheel_for(parts, words):
    problem = machine.problem_of(Machine(**parts))
    assert (problem is None) if words is None else (words in problem.sentence and problem.next_step)


def test_this_computer_has_a_wheel():
    assert machine.problem_of(machine.this_machine()) is None


@pytest.mark.parametrize(
    ("tag", "said", "system", "expected"),
    [
        ("win-amd64", "ARM64", "Windows", "amd64"),
        ("win-arm64", "ARM64", "Windows", "arm64"),
        ("macosx-11.0-universal2", "arm64", "Darwin", "arm64"),
        ("linux-x86_64", "x86_64", "Linux", "x86_64"),
    ],
)
def test_processor_is_that_of_the_python(tag, said, system, expected):
    assert machine._processor(tag, said, system) == expected


LISTED = """:env:.index-url='http://c/simple'
global.extra-index-url='file:///a file:///b\\nfile:///c'
global.index-url='http://a/simple'
install.index-url='http://b/simple'
global.find-links='/w1 /w2'
global.no-index='false'
"""


def test_pip_settings_are_handed_to_uv():
    config = installer.pip_config(LISTED)
    assert config["index-url"] == "http://c/simple"
    assert "no-index" not in config
    assert installer.uv_settings(config, {"UV_FIND_LINKS": "mine"}) == {
        "UV_DEFAULT_INDEX": "http://c/simple",
        "UV_INDEX": "file:///a file:///b file:///c",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    assert installer.uv_settings(config, {})["UV_FIND_LINKS"] == "/w1,/w2"
    assert installer.pip_config("global.no-index='1'") == {"no-index": "1"}


def test_too_little_room_is_noticed_before_anything_is_made():
    place = Path("/x")
    with pytest.raises(SetUpError, match=r"needs 3\.5 GB.*1\.2 GB free"):
        environment.check_space(place, Plan(True, True), lambda _: Usage(0, 0, 1_200_000_000))
    environment.check_space(place, Plan(False, True), lambda _: Usage(0, 0, 1_200_000_000))


def test_paths_on_windows():
    checkout = Checkout(Path("x"), "nt")
    assert checkout.python == Path("x", ".venv", "Scripts", "python.exe")
    assert Checkout(Path("x"), "posix").python == Path("x", ".venv", "bin", "python")


def test_on_windows_the_command_is_waited_for():
    words = ["-c", "import sys; sys.exit(5)"]
    assert environment.replace_process(Path(sys.executable), words, os.environ, os_name="nt") == 5


def test_a_user_without_a_home_gets_one(monkeypatch):
    checkout = Checkout(Path("/x"), "posix")
    monkeypatch.setenv("HOME", "/nonexistent")
    assert environment.inside(checkout, os.environ)["HOME"] == str(checkout.venv / "home")
    monkeypatch.setenv("HOME", str(Path(__file__).parent))
    assert environment.inside(checkout, os.environ)["HOME"] == str(Path(__file__).parent)


def test_environment_of_a_command_inside_venv():
    checkout = Checkout(Path("/x"), "posix")
    env = environment.inside(checkout, {"PATH": "/bin", "PYTHONHOME": "/old", "KEPT": "1"})
    assert env["PATH"] == f"{checkout.venv / 'bin'}{os.pathsep}/bin"
    assert "PYTHONHOME" not in env
    assert env["KEPT"] == env["JUPYTER_PREFER_ENV_PATH"] == "1"


def test_clearing_keeps_the_marker(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "venv" / name).mkdir(parents=True)
    marker = tmp_path / "venv" / "marker"
    marker.touch()
    environment.clear(tmp_path / "venv", marker)
    assert list((tmp_path / "venv").iterdir()) == [marker]


@pytest.mark.parametrize("ours", [True, False])
def test_what_becomes_of_a_venv_whose_stamp_cannot_be_read(tmp_path, ours):
    checkout = Checkout(tmp_path)
    checkout.venv.mkdir()
    checkout.stamp.write_text(json.dumps({"ours": ours}))
    with pytest.raises(SetUpError):  # Never deleted: nobody knows whose it is.
        environment.plan_for(checkout)


def test_an_empty_venv_folder_is_as_good_as_none(tmp_path):
    (tmp_path / ".venv").mkdir()
    assert environment.plan_for(Checkout(tmp_path)) == Plan(anew=True, ours=True)
