"""A real JupyterLab on a copy of the lessons, and a real browser to look at it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from course_utils.commands.doctor import find_chromium
from course_utils.setup.environment import ROOT
from tests.waiting import MILLISECONDS, NET, until

SCREENSHOTS = ROOT / "tests" / "browser" / "screenshots"

# anywidget gives up a widget whose code takes longer than two seconds to load, and no option changes that
NO_LIMIT_IN_THE_PAGE = "AbortSignal.timeout = () => new AbortController().signal;"


def missing(what: str) -> None:
    """Skip where a browser test cannot run; fail where it must, as in CI."""
    if os.environ.get("UNROLLED_REQUIRE_BROWSER"):
        pytest.fail(f"{what}, and UNROLLED_REQUIRE_BROWSER is set.")
    pytest.skip(f"{what}: python -m course_utils doctor says how to get it.")


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab. address: its base URL; token: its key; folder: the lessons it serves."""

    address: str
    token: str
    folder: Path

    def url(self, lesson: str) -> str:
        """Return the page of a lesson, in a workspace of its own."""
        return f"{self.address}lab/tree/{lesson}.ipynb?token={self.token}&reset"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Start the course's own lab command on a copy of the checkout, as a student would."""
    home = tmp_path_factory.mktemp("a student's checkout")
    for name in ("course_utils", "notebooks"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    folders = {name: str(home / name.lower()) for name in (*names, "JUPYTERLAB_WORKSPACES_DIR")}
    command = [sys.executable, "-m", "course_utils.commands.lab", "--no-browser"]
    patient = [f"--MappingKernelManager.kernel_info_timeout={NET}"]
    expose = ["--LabApp.expose_app_in_browser=True"]  # lets a test ask for JupyterLab's own commands
    log = home / "lab.log"
    with log.open("w") as stream:
        server = subprocess.Popen(
            [*command, *patient, *expose],
            cwd=home,
            env={**os.environ, **folders, "PYTHONPATH": str(home)},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        address, token = _address(server, log)
        yield Lab(address, token, home / "notebooks")
    finally:
        server.terminate()
        server.wait(NET)


def _address(server: subprocess.Popen, log: Path) -> tuple[str, str]:
    """Wait until the server has said where it is."""
    place = re.compile(r"(http://(?:127\.0\.0\.1|localhost):\d+/)lab\S*?[?&]token=(\w+)")
    until(lambda: place.search(log.read_text()) or server.poll() is not None)
    found = place.search(log.read_text())
    if not found:
        raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")
    return found[1], found[2]


def is_ours(message) -> bool:
    """Return whether a console message is an error that the course could have made.

    Not one of the network, and not a widget that is lost where a notebook is opened: ``open_notebook`` looks at these.
    """
    others = ("Failed to load resource", "Error: widget model not found")
    return message.type == "error" and not any(words in message.text for words in others)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Start Chromium without a window."""
    from playwright.sync_api import expect, sync_playwright

    chromium = find_chromium()
    if chromium is None:
        missing("There is no Chromium")
    expect.set_options(timeout=MILLISECONDS)
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(chromium), args=flags, timeout=MILLISECONDS)
        yield running
        running.close()


@contextmanager
def new_page(browser, height: int = 1000) -> Iterator[object]:
    """Give an empty page that waits for what it is asked for; fail if the page reports an error until it is closed."""
    page = browser.new_page(viewport={"width": 1400, "height": height})
    page.set_default_timeout(MILLISECONDS)
    page.add_init_script(NO_LIMIT_IN_THE_PAGE)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if is_ours(message) else None)
    yield page
    page.close()
    assert not problems, problems


@pytest.fixture
def page(browser, lab: Lab) -> Iterator[object]:
    """Open an empty page on fresh lessons; the test fails if the page reports an error."""
    for lesson in (ROOT / "notebooks").glob("*.ipynb"):  # a test before may have saved its copy
        shutil.copy(lesson, lab.folder)
    with new_page(browser) as page:
        yield page
