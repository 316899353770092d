"""Small checkouts of the course for the tests of its commands: real programs, tiny packages, no network."""

import base64
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from course_utils.setup import environment
from course_utils.setup.environment import Checkout
from tests.waiting import NET

ROOT = Path(__file__).resolve().parent.parent.parent

# Stands in for a command of the course: says where it runs and ends with a status of its own.
STAND_IN = """
import importlib.util, os, sys, time
def main(arguments):
    print("pid", os.getpid())
    print("runs in", sys.prefix)
    print("arguments", arguments)
    print("kernels", os.environ.get("JUPYTER_PREFER_ENV_PATH"))
    print("packages", [n for n in ("leafdemo", "seeddemo") if importlib.util.find_spec(n)])
    sys.stdout.flush()
    return int(arguments[0]) if arguments and arguments[0].isdigit() else 0
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""

# A package whose building does not end, so that a test can interrupt its installation.
SLOW_BACKEND = """
import os, pathlib, shutil, time
def build_wheel(folder, *rest):
    if os.environ.get("SLOW"):
        pathlib.Path(os.environ["SLOW_FLAG"]).touch()
        time.sleep(3600)
    return shutil.copy("slowdemo-1.0.0-py3-none-any.whl", folder).rpartition(os.sep)[2]
def get_requires_for_build_wheel(*rest):
    return []
"""


def make_wheel(folder: Path, name: str, files: dict[str, str], version: str = "1.0.0") -> Path:
    """Write a wheel of pure Python ``files`` into ``folder`` and return its path."""
    info = f"{name}-{version}.dist-info/"
    contents = {
        **files,
        info + "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        info + "WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, text in contents.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{inner},sha256={digest},{len(text.encode())}\n")
            wheel.writestr(inner, text)
        wheel.writestr(info + "RECORD", "".join(rows) + f"{info}RECORD,,\n")
    return path


def make_wheels(folder: Path) -> Path:
    """Fill ``folder`` with the packages that the small checkouts ask for; return it."""
    folder.mkdir(parents=True)
    make_wheel(folder, "leafdemo", {"leafdemo.py": ""})
    make_wheel(folder, "leafdemo", {"leafdemo.py": ""}, "1.1.0")
    make_wheel(folder, "seeddemo", {"seeddemo.py": ""})
    return folder


def copy_code(root: Path) -> None:
    """Copy ``course_utils`` to ``root``."""
    shutil.copytree(ROOT / "course_utils", root / "course_utils", ignore=shutil.ignore_patterns("__pycache__"))


def make_checkout(root: Path, lessons: str = "leafdemo~=1.0.0\n", tests: str = "seeddemo~=1.0.0\n") -> Checkout:
    """Make a checkout at ``root`` that asks for tiny packages and whose commands are stand-ins."""
    copy_code(root)
    (root / "tests").mkdir()
    (root / "requirements.txt").write_text(lessons)
    (root / "tests" / "requirements.txt").write_text(tests)
    for name in ("notebooks", "test"):
        (root / "course_utils" / "commands" / f"{name}.py").write_text(STAND_IN)
    return Checkout(root.resolve())


def add_slow_package(checkout: Checkout) -> None:
    """Let the lessons also ask for a package whose installation does not end while SLOW is set."""
    folder = checkout.root / "slow"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "slowdemo"\nversion = "1.0.0"\n'
    )
    (folder / "backend.py").write_text(SLOW_BACKEND)
    make_wheel(folder, "slowdemo", {"slowdemo.py": ""})
    (checkout.root / "requirements.txt").write_text("leafdemo~=1.0.0\n./slow\n")


def offline(home: Path, wheels: Path | None, **more: str) -> dict[str, str]:
    """Return environment variables under which installers see ``wheels`` and nothing else."""
    ours = ("PIP_", "UV_", "PYTHON", "JUPYTER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    home.mkdir(exist_ok=True)
    local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)} if wheels else {}
    return {**kept, "HOME": str(home), "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", **local, **more}


def course(
    checkout: Checkout, *words: str, env: dict[str, str], python: str | Path = sys.executable, **more
) -> subprocess.CompletedProcess:
    """Run ``python -m course_utils words`` in the checkout and return what came of it."""
    more.setdefault("cwd", checkout.root)
    return subprocess.run(
        [str(python), "-m", "course_utils", *words], env=env, capture_output=True, text=True, timeout=NET, **more
    )


def make_twin(root: Path) -> Checkout:
    """Make a checkout with the real code and requirements whose ``.venv`` borrows the packages of this Python."""
    copy_code(root)
    shutil.copy(ROOT / "requirements.txt", root)
    (root / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "requirements.txt", root / "tests")
    checkout = Checkout(root.resolve())
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(checkout.venv)], check=True)
    python = environment.ask_python(checkout.python)
    here = environment.ask_python(Path(sys.executable)).site_packages
    (python.site_packages / "borrowed.pth").write_text(f"{here}\n", encoding="utf-8")
    environment.make_importable(checkout)
    borrow(Path(sys.prefix) / "etc", checkout.venv / "etc")
    borrow(Path(sys.prefix) / "share" / "jupyter", checkout.venv / "share" / "jupyter", ("lab",))
    files = (environment.LESSONS, environment.TESTS)
    stamp = environment.Stamp(checkout.hashes(files), python.text, str(checkout.root), True)
    environment.write_stamp(checkout, stamp)
    return checkout


def borrow(source: Path, target: Path, opened: tuple[str, ...] = ()) -> None:
    """Link what is in ``source`` into ``target``; folders named ``opened`` become real, so that one may write there."""
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir() if source.is_dir() else ():
        if path.name == "settings":
            continue
        if path.name in opened:
            borrow(path, target / path.name, opened)
        else:
            (target / path.name).symlink_to(path)


@contextlib.contextmanager
def mounted(options):
    """Give a folder on a disk of its own in memory, and a function that mounts it anew with other options."""
    folder = tempfile.mkdtemp()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "unrolled", folder], capture_output=True).returncode:
        os.rmdir(folder)
        pytest.skip("mounting a disk is not allowed here")
    try:
        yield Path(folder), lambda new: subprocess.run(["mount", "-o", f"remount,{new}", folder], check=True)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        os.rmdir(folder)


def add_uv(wheels, folder, body):
    """Copy ``wheels`` to ``folder`` and add a package uv that notes its start and runs ``body``."""
    shutil.copytree(wheels, folder)
    code = f"import os, pathlib, subprocess, sys\npathlib.Path(os.environ['UV_NOTE']).open('a').write('x')\n{body}\n"
    make_wheel(folder, "uv", {"uv/__init__.py": "", "uv/__main__.py": code}, "0.9.0")
    return folder
