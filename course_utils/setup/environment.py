"""Make ``.venv`` ready and run a command in it. Standard library alone: it runs before anything is installed.

What ``.venv`` is, is told by two files inside it. The *marker* is there from before the first change
until after the last, so a marker that nobody works under means that an installation was cut off. The
*stamp*, written last, says what was installed. The marker's name and the stamp also say whether we made
``.venv``: one that somebody else made is added to, never deleted.
"""

import contextlib
import errno
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from course_utils.setup.installer import Installer, without_ensurepip
from course_utils.setup.machine import problem_of, this_machine
from course_utils.setup.problems import Offline, SetUpError, explain_os_error
from course_utils.setup.versions import SUPPORTED, supported_text

ROOT = Path(__file__).resolve().parents[2]
LESSONS = "requirements.txt"
TESTS = "tests/requirements.txt"

# Measured on Linux: 2.6 GB for the lessons, 0.3 GB more for the tests; the rest is room to unpack.
NEEDED_FRESH = 3_500_000_000
NEEDED_IN_PLACE = 600_000_000
BIG_STEP = (
    "installing TensorFlow, JupyterLab and what they need: 0.7 GB to download, 2.6 GB on the disk; "
    "from half a minute to ten minutes, by the network ..."
)


@dataclass(frozen=True)
class Checkout:
    """The paths that matter in the folder ``root`` of the course."""

    root: Path
    os_name: str = os.name

    @property
    def venv(self) -> Path:
        """The folder of the course's own Python and packages."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The Python inside ``.venv``."""
        return self.venv / "Scripts" / "python.exe" if self.os_name == "nt" else self.venv / "bin" / "python"

    @property
    def lock(self) -> Path:
        """The file that is locked during an installation; outside ``.venv``, which may be made anew."""
        return self.root / ".venv.lock"

    @property
    def stamp(self) -> Path:
        """The file that says what was installed."""
        return self.venv / "unrolled-installed.json"

    def marker(self, ours: bool) -> Path:
        """The file that says an installation is under way, in a ``.venv`` of ours or somebody else's."""
        return self.venv / ("unrolled-installing" if ours else "unrolled-installing-into-yours")

    def hashes(self, files: tuple[str, ...]) -> dict[str, str]:
        """Return the sha256 of each of the requirement ``files``."""
        return {name: hashlib.sha256((self.root / name).read_bytes()).hexdigest() for name in files}


@dataclass(frozen=True)
class Stamp:
    """What was installed: sha256 by requirement file, Python version, where the checkout was, who made ``.venv``."""

    requirements: dict[str, str]
    python: str
    checkout: str
    ours: bool


@dataclass(frozen=True)
class Interpreter:
    """What the Python of ``.venv`` says about itself."""

    version: tuple[int, int]
    site_packages: Path

    @property
    def text(self) -> str:
        """The version as one writes it."""
        return f"{self.version[0]}.{self.version[1]}"


@dataclass(frozen=True)
class Plan:
    """How to make ``.venv`` ready: anew or in place; ours or not; why, in words (may be empty)."""

    anew: bool
    ours: bool
    why: str = ""


def this_checkout() -> Checkout:
    """Return the checkout that this file is part of."""
    return Checkout(ROOT)


def files_for(command: str) -> tuple[str, ...]:
    """Return the requirement files that ``command`` needs."""
    return (LESSONS, TESTS) if command in ("test", "benchmark") else (LESSONS,)


def run(command: str, arguments: list[str]) -> int:
    """Make ``.venv`` ready, run ``command`` in it and return its exit status. Raises SetUpError."""
    checkout = this_checkout()
    if not is_ready(checkout, files_for(command)):
        if os.path.realpath(sys.prefix) == os.path.realpath(checkout.venv):
            # The Python that runs may have to be deleted: let the one that it was made from do it.
            base = getattr(sys, "_base_executable", sys.executable)
            if base == sys.executable:
                raise SetUpError(
                    "the Python in .venv cannot make .venv anew", "type: deactivate ; then the same command"
                )
            os.chdir(checkout.root)
            return replace_process(Path(base), ["-m", "course_utils", command, "--", *arguments], os.environ)
        make_ready(checkout, files_for(command))
    words = ["-m", f"course_utils.commands.{command}", *arguments]
    return replace_process(checkout.python, words, inside(checkout, os.environ))


def in_plain_words(work: Callable[[], int]) -> int:
    """Do the work and return its exit status; where it fails, print one sentence in the place of a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return work()
    except SetUpError as problem:
        print(problem, file=sys.stderr)
    except KeyboardInterrupt:
        again = "type the same command again; it starts over by itself"
        print(SetUpError("the installation was stopped (Ctrl-C)", again), file=sys.stderr)
    except OSError as error:
        print(explain_os_error(error, str(ROOT)), file=sys.stderr)
    return 1


def is_ready(checkout: Checkout, files: tuple[str, ...]) -> bool:
    """Return whether ``.venv`` is complete and holds what the requirement ``files`` ask for now."""
    stamp = read_stamp(checkout)
    if stamp is None or any(checkout.marker(ours).exists() for ours in (True, False)):
        return False
    wanted = checkout.hashes(files).items()
    if not wanted <= stamp.requirements.items() or stamp.checkout != str(checkout.root):
        return False
    python = ask_python(checkout.python)
    return python is not None and python.text == stamp.python


def make_ready(checkout: Checkout, files: tuple[str, ...], say: Callable[[str], None] = print) -> None:
    """Install what ``files`` ask for into ``.venv``, unless another start does so meanwhile. Raises SetUpError."""
    problem = problem_of(this_machine())
    if problem:
        raise problem
    with locked(checkout.lock, say) as lock:
        if not is_ready(checkout, files):
            plan = plan_for(checkout)
            check_space(checkout.root, plan)
            carry_out(plan, checkout, files, say, lock)


def plan_for(checkout: Checkout) -> Plan:
    """Return what has to be done. Raises SetUpError for a ``.venv`` of somebody else that cannot be used."""
    if not os.path.lexists(checkout.venv) or (checkout.venv.is_dir() and not any(checkout.venv.iterdir())):
        return Plan(anew=True, ours=True)
    stamp = read_stamp(checkout)
    if checkout.marker(True).exists():
        return Plan(anew=True, ours=True, why="The last installation was cut off; it starts over.")
    python = ask_python(checkout.python)
    usable = python is not None and python.version in SUPPORTED
    if stamp is not None and stamp.ours:
        why = "" if usable else "The Python in .venv does not start any more; .venv is made anew."
        return Plan(anew=not usable, ours=True, why=why)
    if usable:
        return Plan(anew=False, ours=False)
    raise SetUpError(
        f"{checkout.venv} was not made by the course, and its Python does not start or is not {supported_text()}",
        "rename or delete that folder and type the same command again",
    )


def carry_out(plan: Plan, checkout: Checkout, files: tuple[str, ...], say: Callable[[str], None], lock: int) -> None:
    """Do what ``plan`` says and leave the stamp. Raises SetUpError; then the marker stays for the next start."""
    installer = Installer(checkout.python, str(checkout.root), (lock,), say)
    before = read_stamp(checkout)
    # What was there stays in step with what is wanted now; and a file that is lost is noticed before any change.
    also = before.requirements if before and not plan.anew else ()
    files = tuple(dict.fromkeys((*files, *(name for name in also if (checkout.root / name).is_file()))))
    hashes = checkout.hashes(files)
    marker = checkout.marker(plan.ours)
    prepare(plan, checkout, installer, say)
    if before and before.checkout != str(checkout.root):
        repoint(checkout.python.parent, before.checkout, str(checkout.root))
    say("2 of 3: getting uv, a fast installer (about 25 MB) ...")
    no_uv = installer.get_uv()
    say("3 of 3: " + (BIG_STEP if plan.anew else "installing what is missing ..."))
    try:
        installer.install([checkout.root / name for name in files], no_uv)
    except Offline:
        if before and not plan.anew:
            # Nothing has changed: what worked before goes on working without a network.
            write_stamp(checkout, before)
            marker.unlink()
        raise
    python = make_importable(checkout)
    write_stamp(checkout, Stamp(hashes, python.text, str(checkout.root), plan.ours))
    marker.unlink()
    say("Everything is installed. The next start skips this.")


def prepare(plan: Plan, checkout: Checkout, installer: Installer, say: Callable[[str], None]) -> None:
    """Set the marker and see to it that ``.venv`` has a Python with pip. Raises SetUpError."""
    if plan.why:
        say(plan.why)
    if plan.anew and not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise without_ensurepip()
    checkout.venv.mkdir(exist_ok=True)
    checkout.marker(plan.ours).touch()
    if plan.anew:
        say("1 of 3: making .venv, the folder for the packages of the course (a few seconds) ...")
        clear(checkout.venv, checkout.marker(plan.ours))
        installer.make_venv(sys.executable)
    else:
        say("1 of 3: looking at .venv, which lacks something that the course needs now ...")
        checkout.stamp.unlink(missing_ok=True)
        installer.have_pip()


def make_importable(checkout: Checkout) -> Interpreter:
    """Let the Python of ``.venv`` find ``course_utils`` wherever it is started; return it. Raises SetUpError."""
    python = ask_python(checkout.python)
    if python is None:
        raise SetUpError("the Python in .venv does not start", "delete the folder .venv and type the command again")
    # A line of code, in ASCII: Python 3.11 and 3.12 read path lines in the encoding of the system.
    line = f"import os, sys; p = os.fsdecode({os.fsencode(checkout.root)!r}); p in sys.path or sys.path.append(p)\n"
    (python.site_packages / "unrolled.pth").write_text(line, encoding="ascii")
    return python


def repoint(scripts: Path, old: str, new: str) -> None:
    """Give the small programs in the folder ``scripts`` the new place of the checkout, which was moved or copied."""
    for path in scripts.iterdir():
        text = b"" if path.is_symlink() or not path.is_file() else path.read_bytes()
        # A program in machine code holds lengths beside its paths: only text may change.
        if os.fsencode(old) in text and b"\0" not in text:
            path.write_bytes(text.replace(os.fsencode(old), os.fsencode(new)))


def check_space(place: Path, plan: Plan, usage: Callable = shutil.disk_usage) -> None:
    """Raise SetUpError when the disk of ``place`` has too little room for ``plan``."""
    needed = NEEDED_FRESH if plan.anew else NEEDED_IN_PLACE
    free = usage(place).free
    if free < needed:
        raise SetUpError(
            f"the installation needs {needed / 1e9:.1f} GB; the disk that holds {place} has {free / 1e9:.1f} GB free",
            "make room on that disk, or copy the course to another one, and type the same command again",
        )


def clear(folder: Path, kept: Path) -> None:
    """Delete what is in ``folder``, except the file ``kept``: the marker must outlive a cut-off here too."""
    for path in folder.iterdir():
        if path == kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def read_stamp(checkout: Checkout) -> Stamp | None:
    """Return the stamp, or None when there is none that can be read."""
    try:
        return Stamp(**json.loads(checkout.stamp.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_stamp(checkout: Checkout, stamp: Stamp) -> None:
    """Write the stamp in one step: it is there whole or not at all."""
    draft = checkout.stamp.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(stamp), indent=2), encoding="utf-8")
    draft.replace(checkout.stamp)


def ask_python(python: Path) -> Interpreter | None:
    """Return what ``python`` says about itself, or None when it does not start."""
    code = "import json, sys, sysconfig; print(json.dumps([sys.version_info[:2], sysconfig.get_path('purelib')]))"
    try:
        words = [str(python), "-I", "-c", code]
        answer = subprocess.run(words, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        version, site_packages = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Interpreter((version[0], version[1]), Path(site_packages))


@contextlib.contextmanager
def locked(path: Path, say: Callable[[str], None]) -> Iterator[int]:
    """Hold the lock ``path`` and give its file descriptor; wait, and say so, while another start holds it.

    The system releases the lock when its holder dies. A network disk without locks is used without.
    """
    with open(path, "a+b") as file:
        waiting = False
        while not try_lock(file.fileno()):
            if not waiting:
                say("Another start is installing the course just now; waiting for it to end ...")
            waiting = True
            time.sleep(0.3)
        yield file.fileno()


def try_lock(descriptor: int) -> bool:
    """Try to lock an open file; return False while somebody else has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def inside(checkout: Checkout, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables for a program that runs in ``.venv``.

    Its kernels win over those in the reader's home, and ``!pip`` in a lesson is that of ``.venv``.
    """
    path = os.pathsep.join([str(checkout.python.parent), environment.get("PATH", "")])
    kept = {name: value for name, value in environment.items() if name != "PYTHONHOME"}
    if checkout.os_name == "posix" and not os.access(os.path.expanduser("~"), os.W_OK):
        # A container's user may have no home: Jupyter, IPython and Keras need one to write to.
        kept["HOME"] = str(checkout.venv / "home")
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(checkout.venv), "JUPYTER_PREFER_ENV_PATH": "1"}


def replace_process(python: Path, words: list[str], environment: Mapping[str, str], os_name: str = os.name) -> int:
    """Go on as ``python words``, so that signals and the exit status are its own.

    Windows cannot replace a process: there it is waited for, and Ctrl-C is left to it.
    """
    command = [str(python), *words]
    sys.stdout.flush()
    if os_name != "nt":
        os.execve(command[0], command, dict(environment))
    child = subprocess.Popen(command, env=dict(environment))
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue
