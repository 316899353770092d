"""Where the browser for the browser tests is. Standard library alone."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
_MAC = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_WINDOWS = (
    r"Chromium\Application\chrome.exe",
    r"Google\Chrome\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
)
_WINDOWS_FOLDERS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")


def find_chromium(
    platform: str = sys.platform,
    which: Callable[[str], str | None] = shutil.which,
    exists: Callable[[str], bool] = os.path.exists,
    environment: Mapping[str, str] = os.environ,
) -> str | None:
    """Return the path of a Chromium, Chrome or Edge on this computer, or None."""
    for name in _NAMES:
        if which(name):
            return which(name)
    usual: tuple[str, ...] = _MAC if platform == "darwin" else ()
    if platform == "win32":
        folders = [environment[name] for name in _WINDOWS_FOLDERS if environment.get(name)]
        usual = tuple(folder + "\\" + path for folder in folders for path in _WINDOWS)
    return next((path for path in usual if exists(path)), None)
