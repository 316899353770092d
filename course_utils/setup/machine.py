"""Which computers TensorFlow has a wheel for.

Read from the index of PyPI for 2.21.0: manylinux_2_27 x86_64 and aarch64, macosx_12_0_arm64, win_amd64, for
CPython 3.10 to 3.13 with the GIL. scikit-learn's wheels need glibc 2.28.
"""

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
UPDATE = "update macOS and type the same command again"
WSL = "install WSL (Linux inside Windows) and type the command there"
CONTAINER = "use Debian, Ubuntu or Fedora, or a container of one"
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
        libc=" ".join(platform.libc_ver()).strip(),
        release=tuple(int(part) for part in platform.mac_ver()[0].split(".") if part.isdigit()),
        translated=system == "Darwin" and _translated(),
        implementation=platform.python_implementation(),
        has_gil=not sysconfig.get_config_var("Py_GIL_DISABLED"),
    )


def problem_of(machine: Machine) -> SetUpError | None:
    """Return why TensorFlow cannot be installed on ``machine``, or None when it can."""
    linux, mac, windows = (machine.system == name for name in ("Linux", "Darwin", "Windows"))
    glibc = re.match(r"glibc (\d+)\.(\d+)", machine.libc)
    too_old = linux and glibc is not None and (int(glibc[1]), int(glibc[2])) < OLDEST_GLIBC
    other = not (mac or windows or (linux and machine.processor in ("x86_64", "aarch64")))
    install = f"install the {{}} Python from {PYTHON_PAGE} and use that"
    cases = (  # (whether it is so, what, next step); the first that is so is said
        (machine.implementation != "CPython", machine.implementation, install.format("usual")),
        (not machine.has_gil, "the free-threaded Python", install.format("usual")),
        (machine.bits == 32, "a 32-bit Python", f"install a 64-bit Python from {PYTHON_PAGE} and use that"),
        (machine.translated, "an Intel Python on a Mac with Apple's processor", install.format("arm64 or universal2")),
        (mac and machine.processor != "arm64", "a Mac with an Intel processor", ELSEWHERE),
        (mac and () < machine.release < OLDEST_MACOS, "a macOS older than 12", UPDATE),
        # The wheel for Linux on ARM works in WSL; Intel wheels under emulation may lack the AVX instructions.
        (windows and machine.processor != "amd64", "Windows on an ARM processor", WSL),
        (other, f"{machine.system} on {machine.processor}", ELSEWHERE),
        (linux and not glibc, "a Linux without glibc, such as Alpine", CONTAINER),
        (too_old, f"a Linux as old as this one ({machine.libc})", "use a Linux from 2019 or later"),
    )
    return next((SetUpError(f"TensorFlow does not exist for {what}", step) for so, what, step in cases if so), None)


def _processor(tag: str, machine: str, system: str) -> str:
    """The processor this Python was built for; a universal2 Mac build runs as what ``machine`` says."""
    if system == "Windows":
        return tag.rpartition("-")[2].lower()
    return machine


def _translated() -> bool:
    try:
        answer = subprocess.run(["sysctl", "-n", "sysctl.proc_translated"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.strip() == "1"
