"""The set-up: real programs in checkouts whose path has spaces and letters beyond ASCII; no network."""

import ast
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from course_utils.setup import environment
from course_utils.setup.environment import Checkout
from course_utils.setup.versions import SUPPORTED
from tests.unit.checkouts import add_slow_package, add_uv, course, make_checkout, make_wheels, mounted, offline
from tests.waiting import NET, until

pytestmark = pytest.mark.slow

posix = pytest.mark.skipif(os.name != "posix", reason="uses POSIX signals, users or mounts")
PLACE = "my course é ☃"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    return make_wheels(tmp_path_factory.mktemp("packages") / "wheels")


@pytest.fixture(scope="module")
def installed(tmp_path_factory, wheels):
    """A checkout in which the command ``notebooks`` has been run once, and that first run."""
    folder = tmp_path_factory.mktemp("installed")
    checkout = make_checkout(folder / PLACE)
    return checkout, course(checkout, "notebooks", env=offline(folder / "home", wheels))


@pytest.fixture
def env(tmp_path, wheels):
    return offline(tmp_path / "home", wheels)


@pytest.fixture
def copy(installed, tmp_path):
    """A copy of the installed checkout at another place."""
    root = tmp_path / f"copy of {PLACE}"
    shutil.copytree(installed[0].root, root, symlinks=True)
    return Checkout(root.resolve())


def one_sentence(done, *words):
    """Assert that a start failed with one plain sentence and a next step, which hold ``words``."""
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    message = done.stderr.strip().splitlines()[-1]
    assert message.startswith("Unrolled cannot start: ")
    assert ". Next step: " in message
    for word in words:
        assert word in message
    return message


# --- the first start and the later ones


def test_first_start_installs_and_runs_the_command_inside_venv(installed):
    checkout, done = installed
    assert done.returncode == 0, done.stderr
    assert [f"{n} of 3" in done.stdout for n in (1, 2, 3)] == [True] * 3
    assert f"runs in {checkout.venv}" in done.stdout
    assert "packages ['leafdemo']" in done.stdout
    assert "kernels 1" in done.stdout


def test_stamp_says_what_was_installed_and_no_marker_is_left(installed):
    checkout, _ = installed
    stamp = environment.read_stamp(checkout)
    assert stamp.requirements == checkout.hashes((environment.LESSONS,))
    assert stamp.ours
    assert stamp.checkout == str(checkout.root)
    assert not checkout.marker(True).exists()
    assert not checkout.marker(False).exists()


def test_second_start_installs_nothing(installed, tmp_path):
    checkout, _ = installed
    # Without any source of packages an installation would fail.
    done = course(checkout, "notebooks", env=offline(tmp_path / "home", tmp_path))
    assert done.returncode == 0
    assert "of 3" not in done.stdout


def test_what_makes_venv_not_ready(installed):
    checkout, _ = installed
    lessons, both = (environment.LESSONS,), (environment.LESSONS, environment.TESTS)
    assert environment.is_ready(checkout, lessons)
    assert not environment.is_ready(checkout, both)
    file = checkout.root / environment.LESSONS
    text = file.read_text()
    file.write_text(text + "# changed\n")
    assert not environment.is_ready(checkout, lessons)
    file.write_text(text)
    for ours in (True, False):
        checkout.marker(ours).touch()
        assert not environment.is_ready(checkout, lessons)
        checkout.marker(ours).unlink()
    assert environment.is_ready(checkout, lessons)


def test_exit_status_and_process_are_those_of_the_command(installed, env):
    checkout, _ = installed
    words = [sys.executable, "-m", "course_utils", "notebooks", "--", "7", "a b"]
    process = subprocess.Popen(words, cwd=checkout.root, env=env, stdout=subprocess.PIPE, text=True)
    said, _ = process.communicate(timeout=NET)
    assert process.returncode == 7
    assert "arguments ['7', 'a b']" in said
    if os.name == "posix":
        assert f"pid {process.pid}" in said


def test_course_utils_is_importable_from_anywhere(installed, tmp_path, env):
    checkout, _ = installed
    code = "import course_utils, os; print(os.fsencode(course_utils.__file__))"
    for more in ({}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}):
        words = [checkout.python, "-c", code]
        said = subprocess.check_output(words, cwd=tmp_path, env={**env, **more}, text=True)
        assert Path(os.fsdecode(ast.literal_eval(said))) == checkout.root / "course_utils" / "__init__.py"


def test_command_test_adds_its_own_packages_in_place(copy, env):
    kept = copy.venv / "kept"
    kept.touch()
    done = course(copy, "test", env=env)
    assert done.returncode == 0, done.stderr
    assert "packages ['leafdemo', 'seeddemo']" in done.stdout
    assert kept.exists()
    assert set(environment.read_stamp(copy).requirements) == {environment.LESSONS, environment.TESTS}


def test_changed_requirements_are_installed_in_place(copy, env):
    (copy.root / "requirements.txt").write_text("leafdemo~=1.1.0\n")
    done = course(copy, "notebooks", env=env)
    assert done.returncode == 0, done.stderr
    assert "1 of 3" in done.stdout
    assert environment.is_ready(copy, (environment.LESSONS,))
    assert list(copy.venv.glob("**/leafdemo-1.1.0.dist-info"))


def test_copied_checkout_uses_its_own_code(copy, installed, env, tmp_path):
    assert not environment.is_ready(copy, (environment.LESSONS,))
    assert course(copy, "notebooks", env=env).returncode == 0
    words = [copy.python, "-c", "import course_utils; print(ascii(course_utils.__file__))"]
    said = subprocess.check_output(words, cwd=tmp_path, env=env, text=True)
    assert Path(ast.literal_eval(said)).is_relative_to(copy.root)
    old = os.fsencode(str(installed[0].root))
    assert not any(old in path.read_bytes() for path in (copy.venv / "bin").iterdir() if not path.is_symlink())


@posix
def test_started_by_the_python_inside_venv(copy, env):
    # First .venv has to be made anew, so the Python that it was made from takes over; then it is ready.
    copy.marker(True).touch()
    for expected in (True, False):
        done = course(copy, "notebooks", "--", "3", env=env, python=copy.python)
        assert done.returncode == 3, done.stderr
        assert ("of 3" in done.stdout) is expected
        assert f"runs in {copy.venv}" in done.stdout


# --- cut off


def start_slowly(checkout, env, flag):
    """Start an installation, wait until it is in the middle and return its process."""
    flag.unlink(missing_ok=True)
    words = [sys.executable, "-m", "course_utils", "notebooks"]
    process = subprocess.Popen(
        words, cwd=checkout.root, env={**env, "SLOW": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    until(lambda: flag.exists() or process.poll() is not None)
    assert flag.exists(), process.communicate()
    return process


@posix
def test_interrupted_and_killed_installation_is_never_taken_for_done(copy, tmp_path, wheels):
    flag = tmp_path / "flag"
    checkout = copy
    add_slow_package(checkout)
    env = offline(tmp_path / "home", wheels, SLOW_FLAG=str(flag))
    process = start_slowly(checkout, env, flag)
    os.killpg(process.pid, signal.SIGINT)
    said, wrong = process.communicate(timeout=NET)
    one_sentence(subprocess.CompletedProcess([], process.returncode, said, wrong), "Ctrl-C", "the same command again")
    assert checkout.marker(True).exists()

    process = start_slowly(checkout, env, flag)
    os.killpg(process.pid, signal.SIGKILL)
    said, _ = process.communicate(timeout=NET)
    assert "cut off" in said
    assert checkout.marker(True).exists()
    assert not checkout.stamp.exists()
    (checkout.venv / "half-made").touch()

    done = course(checkout, "notebooks", env=env)
    assert done.returncode == 0, done.stderr
    assert "cut off" in done.stdout
    assert not (checkout.venv / "half-made").exists()
    assert environment.is_ready(checkout, (environment.LESSONS,))


# A start that tries to get the lock only when it is told to, and says whether it got it.
WHEN_TOLD = """
import sys
from course_utils.setup import environment
real = environment.try_lock
def try_lock(descriptor):
    sys.stdin.readline()
    got = real(descriptor)
    print("it has the lock:", got, flush=True)
    return got
environment.try_lock = try_lock
sys.exit(environment.in_plain_words(lambda: environment.run("notebooks", [])))
"""


def tries(process):
    """Tell a start to try to get the lock; return whether it got it."""
    process.stdin.write("\n")
    process.stdin.flush()
    said = process.stdout.readline()
    assert said.startswith("it has the lock: "), said
    return said.endswith(": True\n")


@posix
def test_a_second_start_waits_for_the_first(copy, tmp_path, wheels):
    flag = tmp_path / "flag"
    checkout = copy
    add_slow_package(checkout)
    env = offline(tmp_path / "home", wheels, SLOW_FLAG=str(flag))
    first = start_slowly(checkout, env, flag)
    second = subprocess.Popen(
        [sys.executable, "-u", "-c", WHEN_TOLD],
        cwd=checkout.root, env=env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert not tries(second)
    assert "waiting" in second.stdout.readline()
    # Only the first program dies: its installer, which still writes, keeps the lock.
    first.kill()
    first.wait()
    assert not tries(second)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(first.pid, signal.SIGKILL)
    until(lambda: tries(second))
    said = second.stdout.read()  # not communicate(), which knows nothing of what readline() has read ahead
    assert second.wait(NET) == 0, said
    assert "cut off" in said
    assert "packages ['leafdemo']" in said
    first.communicate()


def test_a_failed_start_leaves_the_marker(copy, tmp_path, wheels):
    (copy.root / "requirements.txt").write_text("nosuchdemo~=1.0\n")
    one_sentence(course(copy, "notebooks", env=offline(tmp_path / "home", wheels)), "nosuchdemo", "doctor")
    assert copy.marker(True).exists()
    assert not copy.stamp.exists()


# --- a .venv that does not work or is not ours


@posix
def test_our_broken_venv_is_made_anew(copy, env):
    for name in ("python", "python3"):
        (copy.venv / "bin" / name).unlink()
        (copy.venv / "bin" / name).symlink_to("/nowhere/python")
    done = course(copy, "notebooks", env=env)
    assert done.returncode == 0, done.stderr
    assert "does not start any more" in done.stdout
    assert environment.is_ready(copy, (environment.LESSONS,))


def test_somebody_elses_venv_is_used_and_nothing_in_it_deleted(tmp_path, env):
    checkout = make_checkout(tmp_path / PLACE)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout.venv], check=True)
    (checkout.venv / "mine").touch()
    checkout.marker(False).touch()  # An installation into it was cut off, which changes nothing.
    done = course(checkout, "notebooks", env=env)
    assert done.returncode == 0, done.stderr
    assert (checkout.venv / "mine").exists()
    assert not environment.read_stamp(checkout).ours


def test_somebody_elses_broken_venv_is_refused_and_kept(tmp_path, env):
    checkout = make_checkout(tmp_path / PLACE)
    (checkout.venv / "bin").mkdir(parents=True)
    (checkout.venv / "mine").touch()
    one_sentence(course(checkout, "notebooks", env=env), "not made by the course", "rename or delete")
    assert (checkout.venv / "mine").exists()


# --- uv, and pip where uv is not to be had


AS_PIP = "w = sys.argv; sys.exit(subprocess.call([sys.executable, '-m', 'pip', 'install', *w[w.index('-r'):]]))"


@pytest.mark.parametrize(
    ("body", "starts", "words"),
    [
        (AS_PIP, 1, "3 of 3"),
        ("sys.exit('error: something that uv cannot do')", 2, "slower pip"),
    ],
)
def test_uv_installs_and_pip_where_uv_fails(copy, tmp_path, wheels, body, starts, words):
    note = tmp_path / "note"
    env = offline(tmp_path / "home", add_uv(wheels, tmp_path / "with_uv", body), UV_NOTE=str(note))
    done = course(copy, "test", env=env)
    assert done.returncode == 0, done.stderr
    assert "packages ['leafdemo', 'seeddemo']" in done.stdout
    assert note.read_text() == "x" * starts
    assert words in done.stdout
    assert ("slower pip" in done.stdout) is (starts == 2)


# --- what goes wrong


def test_no_network(copy, tmp_path, wheels):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    local = offline(tmp_path / "home", wheels)
    env = offline(tmp_path / "home", None, PIP_INDEX_URL=f"http://127.0.0.1:{port}/simple", NO_PROXY="127.0.0.1")
    assert course(copy, "notebooks", env=local).returncode == 0
    one_sentence(course(copy, "test", env=env), "network", "internet")
    # What was there before the failure goes on working, also without a network.
    done = course(copy, "notebooks", env=env)
    assert done.returncode == 0
    assert "of 3" not in done.stdout


NO_CHECK = """
import sys
from course_utils.setup import environment
environment.NEEDED_FRESH = 0
sys.exit(environment.in_plain_words(lambda: environment.run("notebooks", [])))
"""


@posix
def test_full_disk(env):
    with mounted("size=6m") as (folder, _):
        checkout = make_checkout(folder / PLACE)
        one_sentence(course(checkout, "notebooks", env=env), "3.5 GB", "make room")
        assert not checkout.venv.exists()
        # And when another program fills the disk after the check:
        words = [sys.executable, "-c", NO_CHECK]
        done = subprocess.run(words, cwd=checkout.root, env=env, capture_output=True, text=True)
        one_sentence(done, "full", "make room")


@posix
def test_read_only_disk(env):
    with mounted("size=6m") as (folder, mount_again):
        checkout = make_checkout(folder / PLACE)
        mount_again("ro")
        one_sentence(course(checkout, "notebooks", env=env), "read-only", "copy the course")


@posix
def test_folder_that_one_may_not_write_to(wheels):
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    python, more = sys.executable, {}
    try:
        checkout = make_checkout(folder / PLACE)
        if os.geteuid() == 0:
            python, more = "/usr/bin/python3", {"user": "nobody"}
            asked = environment.ask_python(Path(python))
            if asked is None or asked.version not in SUPPORTED:
                pytest.skip("root may write everywhere, and there is no Python here for another user")
        else:
            checkout.root.chmod(0o555)
        env = {"PATH": os.environ["PATH"], "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1"}
        one_sentence(course(checkout, "notebooks", env=env, python=python, **more), "may not write", "home folder")
    finally:
        checkout.root.chmod(0o755)
        shutil.rmtree(folder)


WITHOUT_ENSUREPIP = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "ensurepip" else find(name, *more)
from course_utils.setup import environment
sys.exit(environment.in_plain_words(lambda: environment.run("notebooks", [])))
"""


def test_python_without_ensurepip(tmp_path, env):
    checkout = make_checkout(tmp_path / PLACE)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ENSUREPIP], cwd=checkout.root, env=env, capture_output=True, text=True
    )
    one_sentence(done, "ensurepip", "apt install python3", "python.org")
    assert not checkout.venv.exists()


def test_lost_requirements_file(installed, env, tmp_path):
    checkout = make_checkout(tmp_path / PLACE)
    (checkout.root / "requirements.txt").unlink()
    one_sentence(course(checkout, "notebooks", env=env), "requirements.txt")
