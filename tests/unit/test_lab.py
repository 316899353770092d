"""JupyterLab as the command ``lab`` starts it."""

import contextlib
import errno
import importlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import nbformat
import pytest
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from nbformat.sign import NotebookNotary

from course_utils.commands import lab
from course_utils.setup.problems import SetUpError
from tests.unit.checkouts import course, make_twin, offline
from tests.waiting import NET, until

pytestmark = pytest.mark.slow


def test_settings_are_merged_and_written_once(tmp_path):
    path = lab.settings_file(str(tmp_path))
    path.parent.mkdir(parents=True)
    plugin = "@jupyter-widgets/jupyterlab-manager:plugin"
    path.write_text(json.dumps({"mine": {"a": 1}, plugin: {"other": 2, "saveState": False}}))
    lab.write_settings(path)
    after = json.loads(path.read_text())
    assert after["mine"] == {"a": 1}
    assert after[plugin] == {"other": 2, "saveState": True}
    assert after["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    first = path.stat().st_mtime_ns
    lab.write_settings(path)
    assert path.stat().st_mtime_ns == first
    assert list(path.parent.iterdir()) == [path]


def test_options_for_jupyterlab(tmp_path):
    for name in ("02_b.ipynb", "01_a.ipynb", "10_c.ipynb"):
        (tmp_path / name).touch()
    words = lab.command_line(tmp_path, ["--no-browser"], root=True)
    assert words == [
        f"--ServerApp.root_dir={tmp_path}",
        f"--ServerApp.kernel_websocket_connection_class={lab.CONNECTION}",
        "--LabApp.default_url=/lab/tree/01_a.ipynb",
        "--allow-root",
        "--no-browser",
    ]
    assert "--allow-root" not in lab.command_line(tmp_path, [], root=False)


@pytest.mark.parametrize(
    "theirs", [["--ServerApp.root_dir=/x"], ["--notebook-dir", "/x"], ["--LabApp.default_url=/tree"]]
)
def test_options_of_the_reader_win(tmp_path, theirs):
    (tmp_path / "01_a.ipynb").touch()
    words = lab.command_line(tmp_path, theirs, root=False)
    name = theirs[0].partition("=")[0]
    same = ("--ServerApp.root_dir", "--notebook-dir") if name != "--LabApp.default_url" else (name,)
    assert sum(word.startswith(same) for word in words) == 1


def test_small_messages_reach_the_page_at_once(monkeypatch):
    """The class that the option names opens Jupyter's connection, and never waits to collect messages."""
    module, _, name = lab.CONNECTION.rpartition(".")
    connection = getattr(importlib.import_module(module), name)
    done = []

    async def opened(self):
        done.append("opened")

    class Handler(KernelWebsocketHandler):
        def __init__(self):
            pass  # no request

        def set_nodelay(self, value):
            done.append(value)

    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", opened)
    with pytest.raises(StopIteration):  # it waits for nothing; another test may have a loop running in this process
        connection(websocket_handler=Handler()).connect().send(None)
    assert done == [True, "opened"]


def test_ports(monkeypatch):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        for words in (["--port", str(port)], [f"--port={port}"], [f"--ServerApp.port={port}"]):
            with pytest.raises(SetUpError, match=f"port {port} is in use") as caught:
                lab.check_port(words)
            free = int(caught.value.next_step.rsplit(maxsplit=1)[1])
            assert lab.refusal("localhost", free) is None
    lab.check_port(["--port", str(port)])
    lab.check_port(["--no-browser"])
    for wrong in ("8o80", "70000", ""):
        with pytest.raises(SetUpError, match="is not a port"):
            lab.check_port([f"--port={wrong}"])
    monkeypatch.setattr(lab, "refusal", lambda host, port: errno.EACCES if port < 1024 else None)
    with pytest.raises(SetUpError, match="administrator use port 80"):
        lab.check_port(["--port=80"])


def check_options_in_a_process(*options):
    """Check options in a process of its own: JupyterLab sets up logging anew, and where TensorFlow has loaded
    before, its log handler then closes pytest's standard error."""
    code = "import sys; from course_utils.commands import lab; lab.check_options(sys.argv[1:])"
    return subprocess.run([sys.executable, "-c", code, *options], capture_output=True, text=True)


def test_unknown_option_is_named():
    wrong = check_options_in_a_process("--no-browserr")
    assert wrong.returncode and "JupyterLab answered" in wrong.stderr and "--no-browserr" in wrong.stderr
    right = check_options_in_a_process("--no-browser", "--port=9999", "--ServerApp.token=x")
    assert right.returncode == 0, right.stderr


def write_lesson(path):
    """Write a lesson with a saved picture, which only a signed lesson may show as it is."""
    output = nbformat.v4.new_output("display_data", {"text/html": "<img alt='x'>"})
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])]), path)


def get(url):
    with urllib.request.urlopen(url, timeout=NET) as answer:
        return answer.read().decode()


def answers(url, process):
    """Return what ``url`` answers, nothing while nobody is there."""
    assert process.poll() is None, process.communicate()
    with contextlib.suppress(OSError):
        return get(url)


@pytest.mark.skipif(os.name != "posix", reason="uses links and POSIX signals")
def test_lab_opens_the_first_lesson_signed_and_with_the_settings(tmp_path):
    twin = make_twin(tmp_path / "my course é ☃")
    (twin.root / "notebooks").mkdir()
    for name in ("02_b.ipynb", "01_a.ipynb"):
        write_lesson(twin.root / "notebooks" / name)
    env = offline(tmp_path / "home", None)
    port = lab.free_port("localhost", 20000 + os.getpid() % 20000)
    words = ["lab", "--", "--no-browser", "--port", str(port), "--ServerApp.token=secret"]
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "course_utils", *words], cwd=twin.root, env=env, stdout=log, stderr=log, text=True
    )
    try:
        base = f"http://127.0.0.1:{port}"
        until(lambda: answers(f"{base}/api", process))
        lesson = json.loads(get(f"{base}/api/contents/01_a.ipynb?token=secret"))
        assert lesson["content"]["cells"][0]["metadata"]["trusted"] is True
        settings = json.loads(get(f"{base}/lab/api/settings/@jupyter-widgets/jupyterlab-manager:plugin?token=secret"))
        assert settings["schema"]["properties"]["saveState"]["default"] is True
        kernels = json.loads(get(f"{base}/api/kernelspecs?token=secret"))["kernelspecs"]
        assert kernels["python3"]["resources"]["logo-svg"]
        again = course(twin, *words, env=env)
        assert again.returncode == 1
        assert f"port {port} is in use" in again.stderr
        assert "Traceback" not in again.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=NET)
    log.seek(0)
    assert re.search(rf"http://\S+:{port}/lab/tree/01_a\.ipynb\?token=", log.read())
    assert status == 0
    overrides = json.loads(lab.settings_file(str(twin.venv)).read_text())
    assert set(overrides) == set(lab.SETTINGS)


def test_signing_makes_saved_outputs_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    write_lesson(tmp_path / "01.ipynb")
    lesson = nbformat.read(tmp_path / "01.ipynb", as_version=4)
    assert not NotebookNotary().check_signature(lesson)
    before = (tmp_path / "01.ipynb").read_bytes()
    lab.sign(tmp_path)
    assert NotebookNotary().check_signature(lesson)
    assert (tmp_path / "01.ipynb").read_bytes() == before


def test_lab_opens_although_signing_and_settings_fail(tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(lab, "sign", refuse)
    monkeypatch.setattr(lab, "write_settings", refuse)
    monkeypatch.setattr(lab, "start", lambda words: 0)
    assert lab.main(["--no-browser"]) == 0
    assert capsys.readouterr().err.count("Note: ") == 2
