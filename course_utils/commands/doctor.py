"""Check what the course needs, one line each; change nothing. Standard library alone: nothing may be installed yet.

What concerns the packages is asked of the Python in ``.venv``, in programs of a few lines.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from course_utils.data.places import MNIST, VARIABLE, DigitsError, cache_folders, cached_names, read
from course_utils.setup.environment import (
    LESSONS,
    NEEDED_FRESH,
    TESTS,
    Checkout,
    ask_python,
    inside,
    is_ready,
    read_stamp,
    this_checkout,
    try_lock,
)
from course_utils.setup.installer import without_ensurepip
from course_utils.setup.machine import problem_of, this_machine
from course_utils.setup.problems import SetUpError, not_writable
from course_utils.setup.versions import SUPPORTED, supported_text

INSTALL = "type: python -m course_utils lab"
ANEW = "delete the folder .venv, then type: python -m course_utils lab"
ROOM_TO_WORK = 200_000_000
MNIST_HASH = MNIST.sha256

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
BROWSERS_OF_MAC = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
BROWSERS_OF_WINDOWS = (
    r"Chromium\Application\chrome.exe",
    r"Google\Chrome\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
)
FOLDERS_OF_WINDOWS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")

PACKAGES_PROGRAM = """
import importlib.metadata, json
print(json.dumps({d.metadata["Name"]: d.version for d in importlib.metadata.distributions() if d.metadata["Name"]}))
"""
TENSORFLOW_PROGRAM = """
import tensorflow, keras
print(f"TensorFlow {tensorflow.__version__}, Keras {keras.__version__}")
"""
KERNEL_PROGRAM = """
import nbclient, nbformat
code = "import sys, json, course_utils; print(json.dumps([1 + 1, sys.prefix, course_utils.__file__]))"
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
nbclient.NotebookClient(book, timeout=60, kernel_name="python3").execute()
print(book.cells[0].outputs[0]["text"])
"""
DIGITS_PROGRAM = """
from sklearn.datasets import load_digits
print(len(load_digits().images))
"""


@dataclass(frozen=True)
class Finding:
    """One line: whether ``what`` is right, details in ``text``, and what to do when it is not."""

    right: bool
    what: str
    text: str
    next_step: str = ""

    def __str__(self) -> str:
        line = f"[{'OK' if self.right else 'FAIL'}] {self.what}: {self.text}"
        return line if self.right else f"{line}. Next step: {self.next_step}."


def main(arguments: list[str]) -> int:
    """Print every finding; return 1 if one of them is wrong, 2 for an option, else 0."""
    if arguments:
        print("doctor takes no options.\nNext step: type: python -m course_utils doctor", file=sys.stderr)
        return 2
    right = True
    for finding in findings(this_checkout()):
        print(finding, flush=True)
        right = right and finding.right
    return 0 if right else 1


def findings(checkout: Checkout) -> Iterator[Finding]:
    """Give the findings one by one. A check that fails by itself gives a Finding too."""
    checks = (
        ("Python version", lambda: [python_version()]),
        ("computer", lambda: [computer()]),
        ("place", lambda: [place(checkout)]),
        ("disk space", lambda: [disk_space(checkout)]),
        (".venv", lambda: [virtual_environment(checkout)]),
        ("packages", lambda: packages(checkout)),
        ("TensorFlow", lambda: [tensorflow(checkout)]),
        ("kernel", lambda: [kernel(checkout)]),
        ("digits", lambda: [digits(checkout)]),
        ("Chromium", lambda: [chromium()]),
    )
    for what, check in checks:
        yield from guarded(what, check)


def guarded(what: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    """Return what ``check`` finds; when it stops by an error, a Finding that says so."""
    try:
        return check()
    except SetUpError as problem:
        return [Finding(False, what, problem.sentence, problem.next_step)]
    except subprocess.TimeoutExpired as error:
        return [Finding(False, what, f"no answer within {error.timeout:.0f} s", "close other programs and try again")]
    except Exception as error:  # The reader shall see a sentence, whatever happens.
        text = f"this could not be checked ({type(error).__name__}: {error})"
        return [Finding(False, what, text, "report these words as an issue of the course")]


def python_version(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """The Python that runs this."""
    text = ".".join(str(part) for part in version)
    right = tuple(version[:2]) in SUPPORTED
    return Finding(right, "Python version", text, f"install Python {supported_text()} and type the command with it")


def computer() -> Finding:
    """Whether TensorFlow has a wheel for this computer."""
    machine = this_machine()
    problem = problem_of(machine)
    if problem:
        raise problem
    return Finding(True, "computer", f"{machine.system} on {machine.processor}; TensorFlow exists for it")


def place(checkout: Checkout) -> Finding:
    """Whether ``.venv`` can be made here, if it still has to be."""
    if is_ready(checkout, (LESSONS,)):
        return Finding(True, "place", str(checkout.root))
    if not os.access(checkout.root, os.W_OK):
        raise not_writable(str(checkout.root))
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise without_ensurepip()
    return Finding(True, "place", f"{checkout.root}; .venv can be made here")


def disk_space(checkout: Checkout, usage: Callable = shutil.disk_usage) -> Finding:
    """Whether there is room to install, or only to work when everything is installed."""
    needed = ROOM_TO_WORK if is_ready(checkout, (LESSONS,)) else NEEDED_FRESH
    free = usage(checkout.root).free
    text = f"{free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB needed"
    return Finding(free >= needed, "disk space", text, f"make room on the disk that holds {checkout.root}")


def virtual_environment(checkout: Checkout) -> Finding:
    """Whether ``.venv`` is there and complete."""
    wrong = venv_problem(checkout)
    if wrong:
        return Finding(False, ".venv", *wrong)
    both = is_ready(checkout, (LESSONS, TESTS))
    return Finding(True, ".venv", "complete for the lessons and the tests" if both else "complete for the lessons")


def venv_problem(checkout: Checkout) -> tuple[str, str] | None:
    """Return what is wrong with ``.venv`` and what to do, or None when it is complete for the lessons."""
    if is_ready(checkout, (LESSONS,)):
        return None
    if is_locked(checkout.lock):
        return "an installation is under way", "wait until it ends and try again"
    if not os.path.lexists(checkout.venv):
        return "not made yet", INSTALL
    if any(checkout.marker(ours).exists() for ours in (True, False)):
        return "the last installation was cut off", INSTALL
    if ask_python(checkout.python) is None:
        return "its Python does not start", ANEW
    if read_stamp(checkout) is None:
        return "not made by the course; the course's packages may be missing", INSTALL
    return "made for other versions of the packages, or another folder", INSTALL


def is_locked(path: Path) -> bool:
    """Return whether an installation holds the lock ``path`` just now; make no file."""
    try:
        with open(path, "r+b") as file:
            return not try_lock(file.fileno())
    except OSError:
        return False


def packages(checkout: Checkout) -> list[Finding]:
    """Every package of requirements.txt and its version."""
    said = json.loads(ask(checkout, PACKAGES_PROGRAM, 60) or "{}")
    installed = {plain(name): version for name, version in said.items()}
    text = (checkout.root / LESSONS).read_text(encoding="utf-8")
    return [package(name, pin, installed.get(plain(name))) for name, pin in pins(text)]


def package(name: str, pin: str, version: str | None) -> Finding:
    """One package: there, and in a version that ``pin`` allows."""
    if version is None:
        return Finding(False, name, f"not installed; ~={pin} is needed", INSTALL)
    return Finding(compatible(version, pin), name, f"{version} (needed: ~={pin})", ANEW)


def plain(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> list[tuple[str, str]]:
    """Return (name, version) for each ``name~=version`` in a requirements file."""
    return re.findall(r"^([A-Za-z0-9._-]+)\s*~=\s*([0-9.]+)", text, flags=re.MULTILINE)


def compatible(version: str, pin: str) -> bool:
    """Return whether ``version`` is allowed by ``~=pin``: not older, and equal in all but pin's last number."""
    wanted = [int(part) for part in pin.split(".")]
    # What follows the numbers, such as rc1 or .post1, does not matter here.
    has = [int(part) for part in re.sub(r"(\d+(?:\.\d+)*).*", r"\1", version).split(".")]
    return has >= wanted and has[: len(wanted) - 1] == wanted[:-1]


def tensorflow(checkout: Checkout) -> Finding:
    """Whether TensorFlow and Keras load: a processor without AVX or a Windows without its C++ library cannot."""
    said = ask(checkout, TENSORFLOW_PROGRAM, 180)
    if said is None:
        return Finding(False, "TensorFlow", "not installed", INSTALL)
    return Finding(True, "TensorFlow", f"{said.strip()} start")


def kernel(checkout: Checkout) -> Finding:
    """Whether a lesson would run: the kernel of ``.venv`` starts, computes and finds ``course_utils``."""
    said = ask(checkout, KERNEL_PROGRAM, 120)
    if said is None:
        return Finding(False, "kernel", "not installed", INSTALL)
    result, prefix, found = json.loads(said)
    if result != 2 or not os.path.samefile(prefix, checkout.venv):
        return Finding(False, "kernel", f"it runs in {prefix} instead of {checkout.venv}", ANEW)
    if not os.path.samefile(Path(found).parent, checkout.root / "course_utils"):
        return Finding(False, "kernel", f"course_utils comes from {Path(found).parent}", ANEW)
    return Finding(True, "kernel", "starts, computes 1 + 1 = 2 and finds course_utils from another folder")


def digits(checkout: Checkout) -> Finding:
    """Whether lesson 05 has handwritten digits, and which."""
    if named := os.environ.get(VARIABLE):
        text, next_step = f"those of {named}, which {VARIABLE} names", f"set {VARIABLE} to another file, or remove it"
        there = Path(os.path.expanduser(named)).exists()
        return Finding(there, "digits", text if there else f"{text}, are not there", next_step)
    files = [path for folder in cache_folders() for path in cached_names(folder)]
    for file in files:
        with suppress(DigitsError):
            if sha256(read(file)).hexdigest() == MNIST_HASH:
                return Finding(True, "digits", f"MNIST, 70,000 digits of 28 x 28, in {file}")
    said = ask(checkout, DIGITS_PROGRAM, 120)
    if said is None:
        return Finding(False, "digits", "neither MNIST nor the digits of scikit-learn are here", INSTALL)
    text = f"{int(said):,} small ones of scikit-learn; MNIST ({files[0]}) is not downloaded yet"
    return Finding(True, "digits", text)


def find_chromium(
    platform: str = sys.platform,
    which: Callable[[str], str | None] = shutil.which,
    exists: Callable[[str], bool] = os.path.exists,
    environment: Mapping[str, str] = os.environ,
) -> str | None:
    """Return the path of a Chromium, Chrome or Edge on this computer, or None."""
    for name in NAMES:
        if which(name):
            return which(name)
    usual: tuple[str, ...] = BROWSERS_OF_MAC if platform == "darwin" else ()
    if platform == "win32":
        folders = [environment[name] for name in FOLDERS_OF_WINDOWS if environment.get(name)]
        usual = tuple(folder + "\\" + path for folder in folders for path in BROWSERS_OF_WINDOWS)
    return next((path for path in usual if exists(path)), None)


def chromium(find: Callable[[], str | None] = find_chromium) -> Finding:
    """Whether the browser tests have a browser."""
    path = find()
    text = path or "none found; only the browser tests (command test) need it"
    return Finding(path is not None, "Chromium", text, "install Chromium or Chrome if you want to run these tests")


def ask(checkout: Checkout, program: str, seconds: int) -> str | None:
    """Return what ``program`` prints in the Python of ``.venv``, or None when there is no such Python.

    Raises SetUpError with the last words of a program that fails. Everything that Keras, Jupyter and
    IPython write goes to a temporary folder, which is also the folder the program runs in.
    """
    if not checkout.python.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        environment = inside(checkout, os.environ)
        environment.pop("PYTHONPATH", None)
        homes = ("KERAS_HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR")
        environment.update(dict.fromkeys(homes, folder), TF_CPP_MIN_LOG_LEVEL="3", PYTHONDONTWRITEBYTECODE="1")
        done = subprocess.run(
            [str(checkout.python), "-c", program],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, encoding="utf-8", errors="replace", timeout=seconds,
        )  # fmt: skip
    if done.returncode:
        raise SetUpError(*explain_program(done.stderr, done.returncode))
    return done.stdout


def explain_program(text: str, status: int, os_name: str = os.name) -> tuple[str, str]:
    """Return what went wrong in a program that ended with ``status`` and printed ``text``, and what to do."""
    last = [line.strip() for line in text.splitlines() if line.strip()][-1:] or [f"status {status}"]
    if "ModuleNotFoundError" in last[0]:
        return f"not complete ({last[0]})", INSTALL
    if "DLL load failed" in text and os_name == "nt":
        return f"a Windows library is missing ({last[0]})", "install the Microsoft Visual C++ Redistributable (x64)"
    if status in (-4, -6) and ("AVX" in text or status == -4):
        return "the processor lacks the AVX instructions that TensorFlow uses", "use a computer made after 2011"
    return f"it stopped with '{last[0]}'", ANEW
