"""Open the lessons in JupyterLab; runs inside ``.venv``."""

import contextlib
import errno
import io
import json
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from course_utils.setup.environment import ROOT
from course_utils.setup.problems import SetUpError

# By extension of JupyterLab. Without saveState a lesson that was run, saved and opened again says
# "model not found"; the news question and the offer to update would hide the lesson.
SETTINGS: Mapping[str, Mapping] = {
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}

CONNECTION = "course_utils.commands.quick_socket.QuickConnection"


def main(arguments: list[str]) -> int:
    """Sign the lessons, put the settings in place and run JupyterLab; return its exit status."""
    # Before anything of Jupyter is imported: the kernels of .venv win over those in the reader's home.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    lessons = ROOT / "notebooks"
    try:
        check_port(arguments)
        check_options(arguments)
    except SetUpError as problem:
        print(problem, file=sys.stderr)
        return 1
    for what, step in (
        ("saved pictures show only after you run a cell", lambda: sign(lessons)),
        ("JupyterLab keeps its usual settings", lambda: write_settings(settings_file(sys.prefix))),
    ):
        try:
            step()
        except Exception as error:  # The lessons can be read without it: say so and go on.
            print(f"Note: {what} ({error}).", file=sys.stderr)
    return start(command_line(lessons, arguments, root=hasattr(os, "geteuid") and os.geteuid() == 0))


def start(words: list[str]) -> int:
    """Run JupyterLab with these ``words`` until it ends; return its exit status."""
    from jupyterlab.labapp import LabApp

    try:
        LabApp.launch_instance(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def command_line(lessons: Path, arguments: list[str], root: bool) -> list[str]:
    """Return the options for JupyterLab: ours, except those that the reader gives, then the reader's."""
    ours = [
        ("--ServerApp.root_dir", str(lessons), ("--notebook-dir", "--ServerApp.notebook_dir")),
        ("--ServerApp.kernel_websocket_connection_class", CONNECTION, ()),
    ]
    if first := min((path.name for path in lessons.glob("*.ipynb")), default=""):
        ours.append(("--LabApp.default_url", f"/lab/tree/{first}", ("--ServerApp.default_url",)))
    words = [
        f"{name}={value}"
        for name, value, others in ours
        if not any(word.split("=")[0] in (name, *others) for word in arguments)
    ]
    # JupyterLab asks for this word from root, who is the usual user of a container.
    return words + (["--allow-root"] if root and "--allow-root" not in arguments else []) + arguments


def sign(lessons: Path) -> None:
    """Sign every lesson for this reader, so that its saved pictures and widgets show before any cell is run."""
    import nbformat
    from nbformat.sign import NotebookNotary

    notary = NotebookNotary()
    for path in sorted(lessons.glob("*.ipynb")):
        notary.sign(nbformat.read(path, as_version=4))
    notary.store.close()


def settings_file(prefix: str) -> Path:
    """Return where JupyterLab under ``prefix`` looks for changed settings; the reader's own come after them."""
    return Path(prefix) / "share" / "jupyter" / "lab" / "settings" / "overrides.json"


def write_settings(path: Path, settings: Mapping[str, Mapping] = SETTINGS) -> None:
    """Merge ``settings`` into the JSON file ``path``; write nothing when they are there already."""
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        before = {}
    after = {**before, **{name: {**before.get(name, {}), **values} for name, values in settings.items()}}
    if after == before:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.write_text(json.dumps(after, indent=2), encoding="utf-8")
    draft.replace(path)


def check_options(arguments: list[str]) -> None:
    """Raise SetUpError for an option that JupyterLab does not know; by itself it would print a page of others."""
    from jupyterlab.labapp import LabApp

    words = io.StringIO()
    try:
        with contextlib.redirect_stderr(words):
            LabApp().parse_command_line(arguments)
    except SystemExit as end:
        # --help and --version have printed what they have to say, with status 0.
        if not end.code:
            raise
        last = words.getvalue().strip().splitlines()[-1:] or ["an option is wrong"]
        said = last[0].partition("error: ")[2] or last[0]
        raise SetUpError(f"JupyterLab answered '{said}'", "type: python -m course_utils lab -- --help") from None


def check_port(arguments: list[str]) -> None:
    """Raise SetUpError when the reader asks for a port that cannot be had.

    Without a port in ``arguments`` JupyterLab itself looks for a free one.
    """
    text = option(arguments, "--port", "--ServerApp.port", "--LabApp.port")
    if text is None:
        return
    if not text.isdecimal() or int(text) > 65535:
        sentence = f"'{text}' is not a port; ports are whole numbers up to 65535"
        raise SetUpError(sentence, "type: python -m course_utils lab -- --port 8888")
    host = option(arguments, "--ip", "--ServerApp.ip", "--LabApp.ip") or "localhost"
    reason = refusal(host, int(text))
    if reason == errno.EADDRINUSE:
        free = free_port(host, int(text))
        raise SetUpError(
            f"port {text} is in use, perhaps by a JupyterLab that still runs",
            f"close that program, or type: python -m course_utils lab -- --port {free}",
        )
    if reason in (errno.EACCES, errno.EPERM):
        free = free_port(host, 8888)
        raise SetUpError(
            f"the system lets only its administrator use port {text}",
            f"type: python -m course_utils lab -- --port {free}",
        )


def option(arguments: list[str], *names: str) -> str | None:
    """Return the last value given for one of ``names``, as "--name value" or "--name=value", or None."""
    value = None
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, text = word.partition("=")
        if name in names:
            value = text if equals else following
    return value


def refusal(host: str, port: int) -> int | None:
    """Return the error number with which the system refuses ``port``, or None when it can be had."""
    try:
        places = socket.getaddrinfo("" if host == "*" else host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        return None  # JupyterLab says what it thinks of that host.
    for family, kind, protocol, _, address in places:
        with socket.socket(family, kind, protocol) as trial:
            if os.name != "nt":
                # As the server does: a port is free again although old connections linger.
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(address)
            except OSError as error:
                if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EPERM):
                    return error.errno
    return None


def free_port(host: str, near: int) -> int:
    """Return a port that can be had, the next after ``near`` if one of the next hundred can."""
    for port in range(max(near, 1023) + 1, min(near + 100, 65535) + 1):
        if refusal(host, port) is None:
            return port
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
