"""The doctor: every FAIL can be had, each with one thing to do; nothing is changed and nothing crashes."""

import json
import os
import re
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from course_utils.commands import doctor
from course_utils.data.places import VARIABLE
from course_utils.setup import environment
from course_utils.setup.environment import Checkout
from course_utils.setup.machine import Machine
from course_utils.setup.problems import SetUpError
from tests.unit.checkouts import course, make_checkout, make_twin, offline

pytestmark = pytest.mark.slow

Usage = namedtuple("Usage", "total used free")
LINE = re.compile(r"\[OK\] [^:]+: .+|\[FAIL\] [^:]+: .+\. Next step: .+\.")


@pytest.fixture(autouse=True)
def no_digits_of_the_developer(monkeypatch):
    """Let the doctor find no MNIST that somebody keeps on this machine."""
    for name in (VARIABLE, "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    return make_twin(tmp_path_factory.mktemp("twin") / "my course é ☃")


@pytest.fixture
def bare(tmp_path):
    """A checkout in which nothing was installed."""
    return make_checkout(tmp_path / "my course é ☃", lessons="leafdemo~=1.0.0\nseeddemo~=2.0  # for a test\n")


def tree(root):
    """Return every file under ``root`` with its time and size, without Python's caches."""
    return {
        str(path): (path.lstat().st_mtime_ns, path.lstat().st_size)
        for path in root.rglob("*")
        if "__pycache__" not in path.parts and not path.is_dir()
    }


def test_everything_right(twin, tmp_path):
    env = offline(tmp_path / "home", None, PYTHONDONTWRITEBYTECODE="1")
    before = tree(twin.root)
    done = course(twin, "doctor", env=env)
    lines = done.stdout.splitlines()
    assert all(LINE.fullmatch(line) for line in lines), done.stdout + done.stderr
    wrong = [line for line in lines if line.startswith("[FAIL]") and "Chromium" not in line]
    assert wrong == []
    text = done.stdout
    for name, _ in doctor.pins((twin.root / "requirements.txt").read_text()):
        assert f"[OK] {name}: " in text
    for what in ("Python version", "computer", "place", "disk space", ".venv", "TensorFlow", "kernel", "digits"):
        assert f"[OK] {what}: " in text
    assert "scikit-learn" in next(line for line in lines if "digits" in line)
    assert done.returncode == (1 if "[FAIL]" in text else 0)
    assert tree(twin.root) == before
    assert tree(tmp_path / "home") == {}


def test_nothing_installed(bare, tmp_path):
    before = tree(bare.root)
    done = course(bare, "doctor", env=offline(tmp_path / "home", None, PYTHONDONTWRITEBYTECODE="1"))
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert all(LINE.fullmatch(line) for line in done.stdout.splitlines())
    for what in (".venv", "leafdemo", "seeddemo", "TensorFlow", "kernel", "digits"):
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"[FAIL] {what}: "))
        assert line.endswith("Next step: type: python -m course_utils lab.")
    assert tree(bare.root) == before


def test_a_check_that_crashes_becomes_a_line():
    def crash():
        raise RuntimeError("surprise")

    def refuse():
        raise SetUpError("this is wrong", "do that")

    def hang():
        raise subprocess.TimeoutExpired("x", 60)

    assert LINE.fullmatch(str(doctor.guarded("thing", crash)[0]))
    assert "surprise" in str(doctor.guarded("thing", crash)[0])
    assert str(doctor.guarded("thing", refuse)[0]) == "[FAIL] thing: this is wrong. Next step: do that."
    assert "60 s" in str(doctor.guarded("thing", hang)[0])


@pytest.mark.parametrize(
    ("version", "pin", "right"),
    [
        ("2.21.0", "2.21.0", True),
        ("2.21.3", "2.21.0", True),
        ("2.21.0rc1", "2.21.0", True),
        ("2.22.0", "2.21.0", False),
        ("2.20.9", "2.21.0", False),
        ("6.200.1", "6.170", True),
        ("7.0", "6.170", False),
        ("6.169", "6.170", False),
        ("2.21", "2.21.0", False),
    ],
)
def test_versions_against_pins(version, pin, right):
    assert doctor.compatible(version, pin) is right


def test_packages_missing_and_of_another_version(twin, monkeypatch):
    monkeypatch.setattr(doctor, "ask", lambda *_: json.dumps({"Leaf_Demo": "1.2.0", "seed.demo": "1.0"}))
    monkeypatch.setattr(doctor, "pins", lambda text: [("leaf-demo", "1.1.0"), ("seed_demo", "1.0"), ("third", "1.0")])
    assert [finding.right for finding in doctor.packages(twin)] == [False, True, False]


@pytest.mark.parametrize(
    ("free", "installed", "right"), [(3e8, True, True), (1e8, True, False), (3e9, False, False), (4e9, False, True)]
)
def test_disk_space(bare, monkeypatch, free, installed, right):
    monkeypatch.setattr(doctor, "is_ready", lambda *_: installed)
    assert doctor.disk_space(bare, lambda _: Usage(0, 0, int(free))).right is right


@pytest.mark.parametrize(("version", "right"), [((3, 10, 9), False), ((3, 12, 1), True), ((3, 14, 0), False)])
def test_python_version(version, right):
    assert doctor.python_version(version).right is right


def test_computer_without_a_wheel(monkeypatch):
    monkeypatch.setattr(doctor, "this_machine", lambda: Machine("Darwin", "x86_64"))
    assert "Intel" in str(doctor.guarded("computer", lambda: [doctor.computer()])[0])


@pytest.mark.parametrize("what", ["marker", "foreign", "broken", "file"])
def test_what_is_wrong_with_venv(bare, what):
    if what == "file":
        bare.venv.touch()
    elif what == "broken":
        bare.venv.mkdir()
        bare.stamp.touch()
    else:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare.venv], check=True)
        if what == "marker":
            bare.marker(True).touch()
    said = {"marker": "cut off", "foreign": "not made by the course"}.get(what, "does not start")
    assert said in doctor.venv_problem(bare)[0]


def test_installation_under_way(bare):
    with environment.locked(bare.lock, print):
        assert "under way" in doctor.venv_problem(bare)[0]
    assert "not made yet" in doctor.venv_problem(bare)[0]
    bare.lock.unlink()
    assert not doctor.is_locked(bare.lock)
    assert not bare.lock.exists()


def test_other_requirements_or_folder(twin, tmp_path):
    moved = Checkout(tmp_path / "moved")
    twin_files = {path: path.read_bytes() for path in (twin.root / "requirements.txt",)}
    moved.root.mkdir()
    (moved.root / ".venv").symlink_to(twin.venv)
    (moved.root / "requirements.txt").write_bytes(next(iter(twin_files.values())))
    assert "another folder" in doctor.venv_problem(moved)[0]


def test_kernel_that_is_not_of_this_venv(twin, monkeypatch):
    here = str(twin.root / "course_utils" / "__init__.py")
    answers = {
        json.dumps([2, str(twin.venv), here]): True,
        json.dumps([2, sys.base_prefix, here]): False,
        json.dumps([2, str(twin.venv), str(Path(doctor.__file__).parent)]): False,
    }
    for said, right in answers.items():
        monkeypatch.setattr(doctor, "ask", lambda *_, said=said: said)
        assert doctor.kernel(twin).right is right


def test_kernel_that_does_not_start(twin, monkeypatch):
    monkeypatch.setattr(doctor, "KERNEL_PROGRAM", doctor.KERNEL_PROGRAM.replace("python3", "nosuchkernel"))
    finding = doctor.guarded("kernel", lambda: [doctor.kernel(twin)])[0]
    assert not finding.right
    assert "nosuchkernel" in finding.text


def test_programs_that_fail(monkeypatch):
    explain = doctor.explain_program
    assert explain("Traceback\nModuleNotFoundError: No module named 'keras'\n", 1)[1] == doctor.INSTALL
    assert "Visual C++" in explain("ImportError: DLL load failed while importing x", 1, "nt")[1]
    assert "AVX" in explain("compiled to use AVX instructions", -6)[0]
    assert "status 3" in explain("", 3)[0]


def test_digits(twin, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(doctor, "ask", lambda *_: None)
    assert not doctor.digits(twin).right
    file = tmp_path / "datasets" / "mnist.npz"
    file.parent.mkdir()
    file.write_bytes(b"cut off")
    assert not doctor.digits(twin).right
    monkeypatch.setattr(doctor, "MNIST_HASH", __import__("hashlib").sha256(b"cut off").hexdigest())
    assert "MNIST" in doctor.digits(twin).text
    assert doctor.digits(twin).right


def test_chromium():
    assert doctor.chromium(lambda: "/x").right
    missing = doctor.chromium(lambda: None)
    assert not missing.right
    assert "only the browser tests" in missing.text


def test_where_chromium_is_looked_for():
    find = doctor.find_chromium
    nothing = {
        "which": lambda name: None,
        "environment": {"PROGRAMFILES": r"C:\Program Files", "LOCALAPPDATA": r"C:\me"},
    }
    assert (
        find("linux", lambda name: f"/usr/bin/{name}" if name == "google-chrome" else None) == "/usr/bin/google-chrome"
    )
    assert find("linux", **nothing, exists=lambda path: True) is None
    assert find("darwin", **nothing, exists=lambda path: "Google Chrome" in path).endswith("MacOS/Google Chrome")
    wanted = r"C:\me\Google\Chrome\Application\chrome.exe"
    assert find("win32", **nothing, exists=lambda path: path == wanted) == wanted


def test_options_are_refused(capsys):
    assert doctor.main(["--fast"]) == 2
    assert "no options" in capsys.readouterr().err
    assert os.linesep not in str(doctor.Finding(True, "a", "b"))
