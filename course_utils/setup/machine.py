"""Which computers TensorFlow has a wheel for.

Read from the index of PyPI for 2.21.0: manylinux_2_27 x86_64 and aarch64, macosx_12_0_arm64, win_amd64, for
CPython 3.10 to 3.13 with the GIL. scikit-learn's wheels need glibc 2.28.
"""

import os
import platform
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass

from course_utils.setup.problems import SetUpError

OLDEST_GLIBC = (2, 28)
OLDEST_MACOS = (12, 0)
ELSEWHERE = "use another computer, or an online service such as Google Colab"
PYTHON_PAGE = "https://www.python.org/downloads/"


@dataclass(frozen=True)
class Machine:
    """What decides whether a wheel fits. ``processor`` is that of the Python, not of the computer.

    ``libc`` is like "glibc 2.36", or "" where there is another one; ``translated`` is True for an
    Intel Python on a Mac with Apple's processor.
    """

    system: str
    processor: str
    bits: int = 64
    libc: str = ""
    release: tuple[int, ...] = ()
    translated: bool = False
    implementation: str = "CPython"
    has_gil: bool = True


def this_machine() -> Machine:
    """Return the Machine that runs this Python."""
    system = platform.system()
    return Machine(
        system=system,
        processor=_processor(sysconfig.get_platform(), platform.machine(), system),
        bits=64 if sys.maxsize > 2**32 else 32,
        libc=_libc(),
        release=tuple(int(part) for part in platform.mac_ver()[0].split(".") if part.isdigit()),
        translated=system == "Darwin" and _translated(),
        implementation=platform.python_implementation(),
        has_gil=not sysconfig.get_config_var("Py_GIL_DISABLED"),
    )


def problem_of(machine: Machine) -> SetUpError | None:
    """Return why TensorFlow cannot be installed on ``machine``, or None when it can."""
    if machine.implementation != "CPython" or not machine.has_gil:
        kind = machine.implementation if machine.implementation != "CPython" else "the free-threaded Python"
        return _no_wheel(f"{kind}", f"install the usual Python from {PYTHON_PAGE} and use that")
    if machine.bits == 32:
        return _no_wheel("a 32-bit Python", f"install a 64-bit Python from {PYTHON_PAGE} and use that")
    check = {"Linux": _linux, "Darwin": _mac, "Windows": _windows}.get(machine.system, _other)
    return check(machine)


def _linux(machine: Machine) -> SetUpError | None:
    if machine.processor not in ("x86_64", "aarch64"):
        return _other(machine)
    version = re.match(r"glibc (\d+)\.(\d+)", machine.libc)
    if not version:
        return _no_wheel("a Linux without glibc, such as Alpine", "use Debian, Ubuntu or Fedora, or a container of one")
    if (int(version[1]), int(version[2])) < OLDEST_GLIBC:
        return _no_wheel(f"a Linux as old as this one ({machine.libc})", "use a Linux from 2019 or later")
    return None


def _mac(machine: Machine) -> SetUpError | None:
    if machine.translated:
        return _no_wheel(
            "an Intel Python on a Mac with Apple's processor",
            f"install the arm64 or universal2 Python from {PYTHON_PAGE} and use that",
        )
    if machine.processor != "arm64":
        return _no_wheel("a Mac with an Intel processor", ELSEWHERE)
    if machine.release and machine.release < OLDEST_MACOS:
        return _no_wheel("a macOS older than 12", "update macOS and type the same command again")
    return None


def _windows(machine: Machine) -> SetUpError | None:
    if machine.processor != "amd64":
        # The wheel for Linux on ARM works there; Intel wheels under emulation may lack the AVX instructions.
        return _no_wheel("Windows on an ARM processor", "install WSL (Linux inside Windows) and type the command there")
    return None


def _other(machine: Machine) -> SetUpError:
    return _no_wheel(f"{machine.system} on {machine.processor}", ELSEWHERE)


def _no_wheel(what: str, next_step: str) -> SetUpError:
    return SetUpError(f"TensorFlow does not exist for {what}", next_step)


def _processor(tag: str, machine: str, system: str) -> str:
    """The processor this Python was built for; a universal2 Mac build runs as what ``machine`` says."""
    if system == "Windows":
        return tag.rpartition("-")[2].lower()
    return machine


def _libc() -> str:
    if sys.platform == "win32":
        return ""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):  # musl and macOS do not know the name
        return ""


def _translated() -> bool:
    try:
        answer = subprocess.run(["sysctl", "-n", "sysctl.proc_translated"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.strip() == "1"
