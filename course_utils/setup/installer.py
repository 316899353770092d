"""Put packages into ``.venv``: uv where it can be had, pip where it cannot.

A visible run shows the installer's own progress; when it fails, a quiet run reads why, since
what went to the terminal cannot be read. pip's settings are handed to uv, which does not read them.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from course_utils.setup.problems import SetUpError, disk_full, explain_installer, is_network

UV = "uv<1"
NEARLY_FULL = 64 * 2**20

# What pip calls it -> what uv calls it. uv takes a comma between find-links, a space between the rest.
_PIP_TO_UV = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
}
# Debian and Ubuntu split venv and ensurepip off Python.
_LACKS_ENSUREPIP = re.compile(r"ensurepip is not available|No module named '?(ensurepip|venv)\b")

# pip's own order: the environment wins over the section of the command, and that over [global].
_PIP_SECTIONS = ("global", "install", ":env:")


@dataclass(frozen=True)
class Installer:
    """Installs with ``python``, that of ``.venv``. ``place`` is named in messages, ``kept_open`` are file
    descriptors that a child keeps open, so that the lock holds as long as any installer runs."""

    python: Path
    place: str
    kept_open: tuple[int, ...] = ()
    say: Callable[[str], None] = print

    def make_venv(self, base: str) -> None:
        """Make ``.venv`` from the Python ``base``, with pip. Raises SetUpError."""
        venv = self.python.parent.parent
        done = self._quiet([base, "-m", "venv", str(venv)], os.environ)
        if done.returncode:
            raise self._explain(done.stdout)

    def have_pip(self) -> None:
        """Put pip into a ``.venv`` that has none, as uv makes it. Raises SetUpError."""
        if self._quiet([str(self.python), "-m", "pip", "--version"], _pip_environment()).returncode:
            done = self._quiet([str(self.python), "-m", "ensurepip"], _pip_environment())
            if done.returncode:
                raise self._explain(done.stdout)

    def get_uv(self) -> str:
        """Try to install uv; return "" when it is there, else what pip said."""
        done = self._quiet(self._pip("--retries", "1", UV), _pip_environment())
        return done.stdout if done.returncode else ""

    def install(self, files: list[Path], no_uv: str) -> None:
        """Install the requirement ``files``, by uv unless ``no_uv`` says why there is none, else by pip.

        Raises SetUpError. An offline computer would make pip wait in vain for long, so where the
        network was the reason, pip gets one quick try.
        """
        wanted = [word for file in files for word in ("-r", str(file))]
        refused = no_uv or self._with_uv(wanted)
        if not refused:
            return
        if not is_network(refused):
            self.say("uv could not do it; the slower pip does, which takes about a minute more ...")
            if self._visible(self._pip(*wanted), _pip_environment()) == 0:
                return
        why = self._quiet(self._pip("--retries", "1", *wanted), _pip_environment())
        if why.returncode:
            raise self._explain(why.stdout)

    def _with_uv(self, wanted: list[str]) -> str:
        """Return "" when uv did it, else what it said; pip may do it yet, as its folders and settings are others."""
        listed = self._quiet([str(self.python), "-m", "pip", "config", "list"], _pip_environment())
        config = pip_config(listed.stdout if listed.returncode == 0 else "")
        words = [str(self.python), "-m", "uv", "pip", "install", "--python", str(self.python)]
        # As pip does: where Python may not write beside modules, every start would compile TensorFlow anew, in 10 s.
        words.append("--compile-bytecode")
        words += (["--no-index"] if "no-index" in config else []) + wanted
        environment = {**os.environ, **uv_settings(config, os.environ)}
        if self._visible(words, environment) == 0:
            return ""
        why = self._quiet(words, {**environment, "UV_HTTP_RETRIES": "0"})
        return why.stdout if why.returncode else ""

    def _explain(self, text: str) -> SetUpError:
        """Say why, though some programs hide that the disk was full."""
        if shutil.disk_usage(self.place).free < NEARLY_FULL:
            return disk_full(self.place)
        return without_ensurepip() if _LACKS_ENSUREPIP.search(text) else explain_installer(text, self.place)

    def _pip(self, *words: str) -> list[str]:
        return [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *words]

    def _visible(self, words: list[str], environment: Mapping[str, str]) -> int:
        sys.stdout.flush()
        return self._run(words, environment).returncode

    def _quiet(self, words: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess:
        return self._run(
            words, environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
        )

    def _run(self, words, environment, **streams) -> subprocess.CompletedProcess:
        if os.name == "posix":
            streams["pass_fds"] = self.kept_open
        return subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, **streams)


def pip_config(listed: str) -> dict[str, str]:
    """Return pip's settings from what ``pip config list`` printed, in pip's order of precedence."""
    found: dict[str, str] = {}
    for section in _PIP_SECTIONS:
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section + ".") and value.startswith(("'", '"')):
                found[name.removeprefix(section + ".")] = ast.literal_eval(value)
    if found.get("no-index", "").lower() in ("0", "false", "no", "off", ""):
        found.pop("no-index", None)
    return found


def uv_settings(config: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that give uv the settings of pip; those the reader has set stay."""
    settings = {
        variable: separator.join(config[name].split())
        for name, (variable, separator) in _PIP_TO_UV.items()
        if config.get(name, "").strip() and variable not in environment
    }
    if "UV_INDEX" in settings:
        # pip takes the best version of all its indexes; uv by itself stops at the first that has any.
        settings.setdefault("UV_INDEX_STRATEGY", environment.get("UV_INDEX_STRATEGY", "unsafe-best-match"))
    return settings


def _pip_environment() -> dict[str, str]:
    """The environment for pip: settings that send packages elsewhere than to ``.venv`` are taken out."""
    elsewhere = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN")
    kept = {name: value for name, value in os.environ.items() if name not in elsewhere}
    return {**kept, "PIP_USER": "0"}


def without_ensurepip() -> SetUpError:
    """This Python cannot make a virtual environment."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return SetUpError(
        "this Python lacks the part that makes virtual environments (ensurepip)",
        f"on Debian and Ubuntu type: sudo apt install python{version}-venv ; elsewhere install Python from "
        "https://www.python.org/downloads/ ; then type the same command again",
    )
