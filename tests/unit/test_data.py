"""Digits as sequences: every source in its order, every way in which a file or a network can fail, no download here.

The network is a server in this process; "MNIST" is a small random file that stands in for the published one.
"""

import errno
import gzip
import io
import os
import re
import signal
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from queue import Queue
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import load_digits_as_sequences
from course_utils.commands import doctor
from course_utils.data import (
    Digits,
    DigitsError,
    as_columns,
    as_pixels,
    balanced_subset,
    download,
    files,
    in_shuffled_order,
    loading,
    offline,
    places,
)
from course_utils.setup.environment import ROOT
from tests.unit.cases import some
from tests.waiting import NET

REAL = ROOT.parent / "shared" / "data" / "mnist.npz"
NAMES = ("mnist.npz", places.ASIDE)
PUBLISHED = places.MNIST
LABELS_AND_TEST_OF_MNIST = files.PUBLISHED


def arrays(train=300, test=60, seed=0):
    """Return random images, and labels that go round."""
    random = np.random.default_rng(seed)
    x = random.integers(0, 256, (train + test, 28, 28), np.uint8)
    y = (np.arange(train + test) % 10).astype(np.uint8)
    return {"x_train": x[:train], "y_train": y[:train], "x_test": x[train:], "y_test": y[train:]}


def packed(**parts):
    """Return the bytes of an archive of NumPy."""
    buffer = io.BytesIO()
    np.savez(buffer, **parts)
    return buffer.getvalue()


ARRAYS = arrays()
CONTENT = packed(**ARRAYS)
OTHER = packed(**arrays(seed=1))
LABELS_AND_TEST = ARRAYS["y_train"].tobytes() + ARRAYS["y_test"].tobytes() + ARRAYS["x_test"].tobytes()


class Server(ThreadingHTTPServer):
    """Sends CONTENT in the ways of ``behaviours``, one for each request, the last one again and again."""

    daemon_threads = True

    def __init__(self, *behaviours):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviours, self.ranges = list(behaviours), []
        self.is_silent, self.over = threading.Event(), threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/mnist.npz"

    def be_silent(self):
        """Send nothing until the test is over: who waits for more waits for ever."""
        self.is_silent.set()
        self.over.wait()

    def handle_error(self, *_):
        """Clients of these tests hang up; that is no news."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self):
        server = self.server
        server.ranges.append(self.headers.get("Range"))
        server.is_silent.clear()
        behaviour = server.behaviours.pop(0) if len(server.behaviours) > 1 else server.behaviours[0]
        behaviour(self)

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        """Say nothing."""


def whole(handler):
    handler.answer(CONTENT, Content_Length=len(CONTENT))


def half(handler):
    handler.answer(CONTENT[: len(CONTENT) // 2], Content_Length=len(CONTENT))


def half_without_length(handler):
    handler.answer(CONTENT[: len(CONTENT) // 2])


def rest(handler, content=CONTENT):
    begin = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    span = {"Content_Length": len(content) - begin, "Content_Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"}
    handler.answer(content[begin:], 206, **span)


def rest_after_a_gap(handler):
    begin = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-")) + 1
    span = f"bytes {begin}-{len(CONTENT) - 1}/{len(CONTENT)}"
    handler.answer(CONTENT[begin:], 206, Content_Length=len(CONTENT) - begin, Content_Range=span)


def rest_of_another(handler):
    rest(handler, OTHER.ljust(len(CONTENT), b"\0")[: len(CONTENT)])


def another(handler):
    handler.answer(b"<html>Please pay for the room.</html>\n", Content_Length=38)


def not_found(handler):
    handler.send_error(404)


def no_such_rest(handler):
    handler.send_error(416)


def busy(handler):
    handler.send_error(503)


def silent(handler):
    handler.server.be_silent()


def half_then_silent(handler):
    half(handler)
    handler.server.be_silent()


def dripping(handler):
    handler.answer(b"", Content_Length=len(CONTENT))
    for place in range(200):
        handler.wfile.write(CONTENT[place : place + 1])
    handler.server.be_silent()


def endless(handler):
    handler.answer(b"")
    for _ in range(100):  # enough that one who takes all is found, by counting
        handler.wfile.write(CONTENT)


@contextmanager
def serving(*behaviours):
    """Run a server, and publish CONTENT there."""
    server = Server(*behaviours)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


def published(url):
    return places.Published(url, sha256(CONTENT).hexdigest(), len(CONTENT))


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No real cache, no named file and no network; CONTENT counts as MNIST, published where nobody answers."""
    monkeypatch.delenv(places.VARIABLE, raising=False)
    monkeypatch.setattr(loading, "cache_folders", lambda: (tmp_path / "home" / "datasets",))
    monkeypatch.setattr(places, "MNIST", published("http://127.0.0.1:9/mnist.npz"))
    monkeypatch.setattr(files, "PUBLISHED", sha256(LABELS_AND_TEST).hexdigest())
    monkeypatch.setattr(download, "ATTEMPTS", 3)
    monkeypatch.setenv("NO_PROXY", "*")
    real = download.fetch
    monkeypatch.setattr(loading, "fetch", lambda what, timeout: real(what, timeout, pause=0.01))


@pytest.fixture
def cache(tmp_path):
    folder = tmp_path / "home" / "datasets"
    folder.mkdir(parents=True)
    return folder


def publish(monkeypatch, server):
    monkeypatch.setattr(places, "MNIST", published(server.url))


def assert_is_content(digits):
    assert digits.is_mnist and digits.x_train.dtype == np.float32
    assert digits.y_train.dtype == digits.y_test.dtype == np.int64  # with uint8, y - 1 would make 255 of 0
    np.testing.assert_array_equal(np.round(digits.x_train * 255), ARRAYS["x_train"])
    np.testing.assert_array_equal(digits.y_test, ARRAYS["y_test"])


def write_idx(folder, spelling="{}-idx{}-ubyte"):
    """Write the four files; a spelling that ends in .gz packs them."""
    folder.mkdir(exist_ok=True)
    for key, (name, dimensions) in files.IDX.items():
        head = bytes([0, 0, 8, dimensions]) + b"".join(size.to_bytes(4, "big") for size in ARRAYS[key].shape)
        content = head + ARRAYS[key].tobytes()
        path = folder / spelling.format(name, dimensions)
        path.write_bytes(gzip.compress(content, 1) if spelling.endswith("gz") else content)
    return folder


# ---- the digits of scikit-learn


def test_small_digits_are_the_same_bytes_everywhere():
    digits = load_digits_as_sequences(source="scikit-learn")
    content = b"".join(getattr(digits, key).tobytes() for key in files.KEYS)
    assert sha256(content).hexdigest() == "ab04c64665c7529019c62e25b5fdc97563f2b737ac438f7f64cb79b87446ff50"


def test_small_digits_are_sequences_of_floats_from_0_to_1(capsys):
    digits = load_digits_as_sequences(source="scikit-learn")
    for x, y in ((digits.x_train, digits.y_train), (digits.x_test, digits.y_test)):
        assert x.shape == (len(y), 28, 28) and y.dtype == np.int64
        assert x.dtype == np.float32 and x.min() == 0 and x.max() == 1
    assert not digits.is_mnist and "not MNIST" in digits.note and digits.note in repr(digits)
    assert capsys.readouterr().out == ""  # it was asked for: the repr says what it is


def test_the_split_is_stratified_and_disjoint():
    images = offline.small_digits()
    train, test = np.bincount(images.y_train), np.bincount(images.y_test)
    assert train.sum() + test.sum() == 1797
    assert (test == (train + test) // 5).all()
    seen = {image.tobytes() for image in images.x_train}
    assert not any(image.tobytes() in seen for image in images.x_test)


def test_small_digits_are_enlarged_as_pillow_does():
    from PIL import Image
    from sklearn.datasets import load_digits

    small = load_digits().images[:50]
    for image, ours in zip(small, offline.enlarged(small), strict=True):
        theirs = Image.fromarray((image * 255 / 16).astype(np.float32)).resize((28, 28), Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(theirs) - ours).max() <= 0.51


def test_scikit_learn_source_reads_nothing_else(monkeypatch, cache):
    monkeypatch.setenv(places.VARIABLE, "/nowhere")
    (cache / "mnist.npz").write_bytes(CONTENT)
    for name in ("fetch", "read", "read_named"):
        monkeypatch.setattr(loading, name, lambda *_: pytest.fail("it looked elsewhere"))
    assert load_digits_as_sequences(source="scikit-learn").source == offline.ORIGIN


def test_without_scikit_learn_a_sentence_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DigitsError, match="python -m course_utils lab"):
        load_digits_as_sequences(source="scikit-learn")


# ---- a file that the user names


@pytest.mark.parametrize("spelling", [f"{{}}{mark}idx{{}}-ubyte{end}" for mark in "-." for end in ("", ".gz")])
def test_idx_files_in_every_spelling(tmp_path, spelling, capsys):
    folder = write_idx(tmp_path / "idx", spelling)
    one = folder / spelling.format("t10k-labels", 1)
    for name in (folder, str(one)):
        digits = load_digits_as_sequences(name)
        assert_is_content(digits)
        assert (digits.source, digits.note) == (str(folder), "")
    assert capsys.readouterr().out == ""


def test_named_archives_and_their_order(tmp_path, monkeypatch, cache):
    (cache / "mnist.npz").write_bytes(CONTENT)
    for folder in ("by argument", "by variable"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mnist.npz").write_bytes(CONTENT)
    assert load_digits_as_sequences().source == str(cache / "mnist.npz")
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "by variable"))
    assert "by variable" in load_digits_as_sequences().source
    assert_is_content(load_digits_as_sequences(tmp_path / "by argument" / "mnist.npz", source="mnist"))
    assert "by argument" in load_digits_as_sequences(tmp_path / "by argument").source
    monkeypatch.setenv(places.VARIABLE, "")
    assert load_digits_as_sequences().source == str(cache / "mnist.npz")


def test_other_images_that_the_user_names_are_used_and_said_to_be_others(tmp_path, capsys):
    path = tmp_path / "fashion.npz"
    path.write_bytes(OTHER)
    digits = load_digits_as_sequences(path)
    assert not digits.is_mnist
    assert capsys.readouterr().out == digits.note + "\n" and f"not MNIST, but the images of {path}" in digits.note
    with pytest.raises(DigitsError, match="holds other images than MNIST"):
        load_digits_as_sequences(path, source="mnist")


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def changed(**parts):
    return packed(**{**ARRAYS, **parts})


X, Y = ARRAYS["x_test"], ARRAYS["y_test"]
WRONG = {
    "cut": (CONTENT[:5000], "no archive of NumPy, or was cut off"),
    "empty": (b"", "no archive of NumPy"),
    "one array": (np.lib.format.magic(1, 0) + bytes(90), "no archive of NumPy"),
    "damaged": (CONTENT[:9000] + b"damage" + CONTENT[9006:], "is broken"),
    "keys": (packed(x=X, y=Y), "lacks x_train, y_train, x_test, y_test and holds x, y"),
    "one key": (packed(**{key: ARRAYS[key] for key in files.KEYS[:3]}), "lacks y_test"),
    "floats": (changed(x_test=X / 255), "x_test holds float64, but uint8"),
    "shape": (changed(x_test=X[:, :20]), r"x_test has the shape \(60, 20, 28\), but \(samples, 28, 28\)"),
    "flat": (changed(x_test=X.reshape(60, 784)), r"shape \(60, 784\)"),
    "none": (changed(x_test=X[:0], y_test=Y[:0]), "x_test holds no image"),
    "range": (changed(x_test=X // 200), "no pixel above 1"),
    "letters": (changed(y_test=Y + 20), "y_test holds labels from 20 to 29, but 0 to 9"),
    "negative": (changed(y_test=Y.astype(int) - 1), "labels from -1 to 8"),
    "float labels": (changed(y_test=Y / 1), "y_test holds float64, but whole numbers"),
    "one-hot": (changed(y_test=np.eye(10, dtype=np.uint8)[Y]), r"y_test has the shape \(60, 10\)"),
    "counts": (changed(y_test=Y[1:]), "60 images, but y_test 59 labels"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_named_archive_is_an_error_of_one_sentence(tmp_path, case, monkeypatch):
    content, words = WRONG[case]
    path = tmp_path / "mnist.npz"
    path.write_bytes(content)
    monkeypatch.setenv(places.VARIABLE, str(path))
    with pytest.raises(DigitsError, match=words) as caught:
        load_digits_as_sequences()
    assert str(path) in str(caught.value) and f"by {places.VARIABLE}=" in str(caught.value)
    assert path.read_bytes() == content


def test_pickled_objects_are_never_loaded(tmp_path):
    path, trap = tmp_path / "mnist.npz", tmp_path / "sprung"
    path.write_bytes(changed(y_test=np.array([Trap(trap)], object)))
    with pytest.raises(DigitsError, match="is broken"):
        load_digits_as_sequences(path)
    assert not trap.exists()


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 100_000)
    path = tmp_path / "mnist.npz"
    path.write_bytes(CONTENT)
    with pytest.raises(DigitsError, match="would unpack to more"):
        load_digits_as_sequences(path)
    monkeypatch.setattr(places, "LARGEST", 1000)
    with pytest.raises(DigitsError, match="more than MNIST can have"):
        load_digits_as_sequences(path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.npz", r"missing\.npz is not there"),
        (".", r"the folder \. holds neither mnist\.npz nor the four files train-images-idx3-ubyte, "),
        ("~nosuchuser/mnist.npz", "home"),
        (os.devnull, "is not a file"),  # an endless device would be read for ever
        ("nul\0l", "is not there|null"),
    ],
)
def test_a_named_thing_that_is_no_file(name, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DigitsError, match=f"{words}.*You named it by file="):
        load_digits_as_sequences(name)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda content: b"\0\0\x0d" + content[3:], "begins with 00 00 0d 03; an IDX file .* begins with 00 00 08 03"),
        (lambda content: b"", "begins with nothing"),
        (lambda content: content[:7], "promises 0 x 0 x 0 bytes but holds -9"),
        (lambda content: content[:-1], "promises 60 x 28 x 28 bytes but holds 47,039"),
        (lambda content: content + b"\0", "holds 47,041"),
        (lambda content: gzip.compress(content)[:-9], "cannot be unpacked"),
        (lambda content: content[:8] + (20).to_bytes(4, "big") + content[12:], "promises 60 x 20 x 28"),
    ],
)
def test_a_wrong_idx_file_is_named(tmp_path, damage, words):
    path = write_idx(tmp_path) / "t10k-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DigitsError, match=words) as caught:
        load_digits_as_sequences(tmp_path)
    assert str(path) in str(caught.value)


@settings(max_examples=some(150), deadline=None)
@given(place=st.integers(0, 10**6), new=st.binary(max_size=8), cut=st.booleans())
def test_whatever_is_damaged_it_is_read_or_named(place, new, cut):
    small = packed(**arrays(2, 1))
    place = place % len(small)
    content = small[:place] + new + (b"" if cut else small[place + len(new) :])
    try:
        assert files.parse_npz(content, Path("my.npz")).x_train.dtype == np.uint8
    except DigitsError as error:
        assert "my.npz" in str(error)


# ---- Keras's cache


def test_where_keras_keeps_data(monkeypatch, tmp_path):
    spare = Path("/tmp" if os.path.isdir("/tmp") else places.tempfile.gettempdir(), ".keras", "datasets")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    assert places.cache_folders() == (tmp_path / "k" / "datasets", spare)
    monkeypatch.delenv("KERAS_HOME")
    assert places.cache_folders() == (Path.home() / ".keras" / "datasets", spare)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # so it is for a user without a home
    assert places.cache_folders() == (spare,)


def test_the_published_file_is_the_one_of_keras():
    source = Path(find_spec("keras").origin).with_name("src").joinpath("datasets", "mnist.py").read_text("utf-8")
    folder, name = PUBLISHED.url.rsplit("/", 1)
    assert f'"{folder}/"' in source and name in source and f'"{PUBLISHED.sha256}"' in source
    assert PUBLISHED.sha256 == doctor.MNIST_HASH


@pytest.mark.parametrize("name", NAMES)
def test_a_good_file_in_the_cache_needs_no_network(cache, name, capsys):
    (cache / name).write_bytes(CONTENT)
    digits = load_digits_as_sequences(source="mnist", download=False)
    assert_is_content(digits)
    assert digits.source == str(cache / name) and capsys.readouterr().out == digits.note == ""


@pytest.mark.parametrize("content", [OTHER, CONTENT[:-1], b"", None], ids=["foreign", "cut", "empty", "folder"])
def test_a_wrong_file_in_the_cache_is_named_skipped_and_left(cache, content, capsys):
    path = cache / "mnist.npz"
    path.mkdir() if content is None else path.write_bytes(content)
    digits = load_digits_as_sequences(download=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(str(path)) and lines[0].endswith("it was not used and not changed.")
    assert lines[1:] == ["MNIST is not in Keras's cache, and it was not to be downloaded.", offline.SENTENCE]
    assert digits.note == " ".join(lines) and digits.note in repr(digits) and not digits.is_mnist
    assert path.is_dir() if content is None else path.read_bytes() == content


def test_mnist_only_is_an_error_where_there_is_none(cache):
    (cache / "mnist.npz").write_bytes(OTHER)
    with pytest.raises(DigitsError, match=r"not used and not changed.*not to be downloaded.*source='auto'"):
        load_digits_as_sequences(source="mnist", download=False)


def test_a_file_that_may_not_be_read_is_skipped(cache, monkeypatch, capsys):
    (cache / "mnist.npz").write_bytes(CONTENT)
    monkeypatch.setattr(Path, "read_bytes", lambda _: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    assert not load_digits_as_sequences(download=False).is_mnist
    assert "cannot be read (Permission denied)" in capsys.readouterr().out


# ---- the network


class Clock:
    """The time of a download. It stands still, and passes while the server is silent and all it sent has been taken."""

    def __init__(self, server, seconds, parts):
        """seconds: how many pass at once; parts: how many the server has sent before it is silent."""
        self.server, self.seconds, self.parts, self.now, self.taken = server, seconds, parts, 0.0, 0

    def monotonic(self):
        if self.server.is_silent.is_set() and self.taken >= self.parts:
            self.now += self.seconds
        return self.now

    def queue(self):
        """Return a queue that counts what is taken out of it."""
        queue, self.taken = Queue(), 0
        return SimpleNamespace(put=queue.put, get=lambda **more: self.count(queue.get(**more)))

    def count(self, part):
        self.taken += 1
        return part


def load(monkeypatch, *behaviours, parts_before_silence=0, **arguments):
    """Load from a server; return the digits (or the DigitsError), and the server."""
    arguments = {"source": "mnist", "timeout": NET, **arguments}
    with serving(*behaviours) as server:
        publish(monkeypatch, server)
        clock = server.clock = Clock(server, arguments["timeout"], parts_before_silence)
        monkeypatch.setattr(download, "Queue", clock.queue)
        monkeypatch.setattr(
            download, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=lambda _: None, time=download.time.time)
        )
        try:
            return load_digits_as_sequences(**arguments), server
        except DigitsError as error:
            return error, server


def test_a_download_is_shown_kept_and_used_again(monkeypatch, cache, capsys):
    digits, server = load(monkeypatch, whole)
    assert_is_content(digits)
    assert digits.source == f"{server.url}, kept as {cache / 'mnist.npz'}" and digits.note == ""
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and out.endswith(": 100 %\n") and 2 <= out.count("\r") <= 11
    assert os.listdir(cache) == ["mnist.npz"] and (cache / "mnist.npz").read_bytes() == CONTENT
    mask = os.umask(0)
    os.umask(mask)
    assert os.name == "nt" or stat.S_IMODE((cache / "mnist.npz").stat().st_mode) == 0o666 & ~mask
    assert load_digits_as_sequences(source="mnist", download=False).source == str(cache / "mnist.npz")


@pytest.mark.parametrize(
    ("behaviours", "requests"),
    [
        ((half, rest), [False, True]),
        ((half, whole), [False, True]),  # a server that knows no ranges
        ((half_without_length, rest), [False, True]),
        ((half, busy, rest), [False, True, True]),
        ((half, rest_after_a_gap, rest), [False, True, True]),
        ((half, rest_of_another, whole), [False, True, False]),  # the file was replaced meanwhile
        ((half_then_silent, rest), [False, True]),
        ((half, no_such_rest, whole), [False, True, False]),
        ((busy, whole), [False, False]),
    ],
)
def test_a_cut_download_is_taken_up_where_it_stopped(monkeypatch, cache, behaviours, requests):
    digits, server = load(monkeypatch, *behaviours, parts_before_silence=3)  # which bytes, and two whole chunks
    assert_is_content(digits)
    assert [have is not None for have in server.ranges] == requests
    assert server.clock.now <= 2 * NET  # it looks when it begins to wait, and gives up when it looks again
    assert os.listdir(cache) == ["mnist.npz"]


@pytest.mark.parametrize(
    ("behaviour", "parts", "words", "requests"),
    [
        (half, 0, "the connection ended after [0-9,]+ of [0-9,]+ bytes", 3),
        (not_found, 0, "MNIST was not downloaded from 127.0.0.1: the server answered 404 Not Found", 1),
        (busy, 0, "answered 503", 3),
        (another, 0, "is not MNIST .38 bytes with another SHA-256", 1),
        (silent, 0, f"nothing came for {NET} s", 1),
        (dripping, 1, f"nothing came for {NET} s", 1),  # which bytes, and never a whole chunk
    ],
)
def test_a_failed_download_says_why_and_leaves_nothing(monkeypatch, cache, behaviour, parts, words, requests):
    error, server = load(monkeypatch, behaviour, parts_before_silence=parts)
    assert isinstance(error, DigitsError) and re.search(words, str(error)), error
    assert len(server.ranges) == requests and server.clock.now <= 2 * NET
    assert os.listdir(cache) == []
    digits, _ = load(monkeypatch, behaviour, parts_before_silence=parts, source="auto")
    assert not digits.is_mnist and "127.0.0.1" in digits.note and digits.note.endswith(offline.SENTENCE)


def test_of_an_endless_answer_no_more_is_taken_than_shows_that_it_is_another_file(monkeypatch, cache):
    error, server = load(monkeypatch, endless)
    taken = re.search(r"is not MNIST \(([0-9,]+) bytes", str(error))[1]
    assert int(taken.replace(",", "")) <= len(CONTENT) + download.CHUNK
    assert len(server.ranges) == 1 and os.listdir(cache) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/mnist.npz", "http://nowhere.invalid/mnist.npz"])
def test_no_network_gives_the_small_digits_and_says_so(url, monkeypatch, cache, capsys):
    monkeypatch.setattr(places, "MNIST", published(url))
    digits = load_digits_as_sequences(timeout=NET)
    why, what = capsys.readouterr().out.splitlines()
    host = url.split("/")[2].split(":")[0]
    assert why.startswith(f"MNIST was not downloaded from {host}: no connection (") and what == offline.SENTENCE
    assert len(digits.x_train) == 1442 and digits.note == f"{why} {what}" and os.listdir(cache) == []


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    over = threading.Event()  # who waited for the answer would wait for ever
    monkeypatch.setattr(download, "urlopen", lambda *_, **__: over.wait())
    with pytest.raises(DigitsError, match=r"nothing came for 0\.3 s"):
        load_digits_as_sequences(source="mnist", timeout=0.3)
    over.set()


def test_a_foreign_file_in_the_place_is_kept_beside_the_download(monkeypatch, cache, capsys):
    (cache / "mnist.npz").write_bytes(OTHER)
    digits, _ = load(monkeypatch, whole)
    assert_is_content(digits)
    assert (cache / "mnist.npz").read_bytes() == OTHER and (cache / places.ASIDE).read_bytes() == CONTENT
    assert "was not used and not changed" in digits.note and "was not used" in capsys.readouterr().out
    assert_is_content(load_digits_as_sequences(source="mnist", download=False))


def test_two_foreign_files_are_both_left(cache):
    for name in NAMES:
        (cache / name).write_bytes(OTHER)
    path, sentence = download.keep(CONTENT, (cache,))
    assert path is None and "other files have the names mnist.npz and mnist-731c5ac6.npz" in sentence
    assert all((cache / name).read_bytes() == OTHER for name in NAMES)


@pytest.mark.skipif(os.name == "nt", reason="Windows makes links for administrators only")
def test_a_link_that_leads_nowhere_is_left(cache):
    (cache / "mnist.npz").symlink_to(cache / "unplugged disk" / "mnist.npz")
    assert download.keep(CONTENT, (cache,)) == (cache / places.ASIDE, "")
    assert (cache / "mnist.npz").is_symlink()


def fail(number):
    def raise_it(*_, **__):
        raise OSError(number, os.strerror(number))

    return raise_it


def cut_short(descriptor):
    os.ftruncate(descriptor, 10)


FAILURES = {
    "disk full": (os, "fsync", fail(errno.ENOSPC), "No space left"),
    "folder not writable": (Path, "mkdir", fail(errno.EACCES), "Permission denied"),
    "not renamed": (os, "replace", fail(errno.EPERM), "Operation not permitted"),
    "short": (os, "fsync", cut_short, "shorter than it was written"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_cannot_be_kept_is_used_all_the_same(case, monkeypatch, cache, capsys):
    owner, name, instead, words = FAILURES[case]
    monkeypatch.setattr(owner, name, instead)
    digits, server = load(monkeypatch, whole)
    assert_is_content(digits)
    assert digits.source == server.url
    assert re.search(f"not kept for the next time.*datasets.*{words}", digits.note)
    assert digits.note in capsys.readouterr().out
    assert os.listdir(cache) == []


def test_another_program_that_was_quicker_and_reads_its_file(monkeypatch, cache):
    def refuse(_, path):
        path.write_bytes(CONTENT)
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(os, "replace", refuse)
    assert download.keep(CONTENT, (cache,)) == (cache / "mnist.npz", "")
    assert os.listdir(cache) == ["mnist.npz"]


def test_a_folder_that_cannot_be_made_leads_to_the_next(tmp_path):
    (tmp_path / "file").write_text("in the way")
    folders = (tmp_path / "file" / "datasets", tmp_path / "spare" / "datasets")
    assert download.keep(CONTENT, folders) == (folders[1] / "mnist.npz", "")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only for an administrator")
def test_a_folder_that_is_really_read_only(cache):
    cache.chmod(0o555)
    assert "Permission denied" in download.keep(CONTENT, (cache,))[1]
    cache.chmod(0o755)


def test_parts_that_a_killed_program_left_are_swept_after_a_day(cache):
    old, new, other = (cache / f"{name}.part" for name in ("mnist.npz.1", "mnist.npz.2", "theirs.npz"))
    for path in (old, new, other):
        path.write_bytes(b"part")
    for path in (old, other):
        os.utime(path, (0, 0))
    download.keep(CONTENT, (cache,))
    assert sorted(os.listdir(cache)) == ["mnist.npz", "mnist.npz.2.part", "theirs.npz.part"]


def test_many_writers_and_a_reader_never_see_a_part(cache):
    seen, over = set(), threading.Event()

    def watch():
        while not over.is_set():
            with suppress(FileNotFoundError):
                seen.add((cache / "mnist.npz").read_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(20):
        writers = [threading.Thread(target=download.keep, args=(CONTENT, (cache,))) for _ in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert os.listdir(cache) == ["mnist.npz"]
        (cache / "mnist.npz").unlink()
    over.set()
    watcher.join()
    assert seen <= {CONTENT}


# ---- other programs, and the end of this one

PROGRAM = """
import os, sys, threading
from course_utils.data import load_digits_as_sequences, loading, places
places.MNIST = places.Published(sys.argv[1], sys.argv[2], int(sys.argv[3]))
loading.cache_folders = lambda: places.cache_folders()[:1]
if len(sys.argv) > 4:
    os.replace = lambda *_: print("writing", flush=True) or threading.Event().wait()
try:
    print(load_digits_as_sequences(source="auto", timeout=10**6).source)
except KeyboardInterrupt:
    sys.exit("stopped by hand")
"""


@contextmanager
def other_program(server, tmp_path, *more):
    """Run PROGRAM with a home of its own; end it if it does not end."""
    what = published(server.url)
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, what.url, what.sha256, str(what.size), *more],
        env={**os.environ, "KERAS_HOME": str(tmp_path / "home")},
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def test_two_programs_at_once(tmp_path, cache):
    together = threading.Barrier(2, timeout=NET)

    def when_both_ask(handler):
        together.wait()
        whole(handler)

    with (
        serving(when_both_ask) as server,
        other_program(server, tmp_path) as first,
        other_program(server, tmp_path) as second,
    ):
        for child in (first, second):
            out, errors = child.communicate(timeout=NET)
            assert out.endswith(f"kept as {cache / 'mnist.npz'}\n"), out + errors
    assert os.listdir(cache) == ["mnist.npz"] and (cache / "mnist.npz").read_bytes() == CONTENT


@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ended_in_the_middle_of_a_download(how, tmp_path, cache, monkeypatch):
    with serving(half_then_silent) as server, other_program(server, tmp_path) as child:
        while child.stdout.read(1) != "%":  # it shows how much has come
            assert child.poll() is None
        child.send_signal(getattr(signal, how))
        _, errors = child.communicate(timeout=NET)  # the server is silent until then, and the time-out is far away
    assert how == "SIGKILL" or errors.endswith("stopped by hand\n")
    assert os.listdir(cache) == []
    assert_is_content(load(monkeypatch, whole)[0])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_killed_while_it_writes(tmp_path, cache, monkeypatch):
    with serving(whole) as server, other_program(server, tmp_path, "stop before the file is renamed") as child:
        while "writing" not in child.stdout.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait(NET)
    (left,) = os.listdir(cache)
    assert left.endswith(".part")
    assert not load_digits_as_sequences(download=False).is_mnist
    assert_is_content(load(monkeypatch, whole)[0])
    assert (cache / "mnist.npz").read_bytes() == CONTENT


# ---- what lessons ask for


def test_limits_are_balanced_nested_and_drawn_by_the_seed(tmp_path):
    folder = write_idx(tmp_path / "idx")
    fifty, hundred = (load_digits_as_sequences(folder, limit=n, test_limit=20) for n in (50, 100))
    assert np.bincount(fifty.y_train).tolist() == [5] * 10 and np.bincount(fifty.y_test).tolist() == [2] * 10
    assert {image.tobytes() for image in fifty.x_train} < {image.tobytes() for image in hundred.x_train}
    lookup = {image.tobytes(): label for image, label in zip(ARRAYS["x_train"], ARRAYS["y_train"], strict=True)}
    stored = np.round(hundred.x_train * 255).astype(np.uint8)
    assert [lookup[image.tobytes()] for image in stored] == hundred.y_train.tolist()
    other = load_digits_as_sequences(folder, limit=50, seed=1)
    assert len(other.x_test) == 60 and not np.array_equal(other.x_train, fifty.x_train)
    assert len(load_digits_as_sequences(folder, limit=10**6).x_train) == 300


def test_a_subset_is_the_same_with_every_numpy_and_takes_rare_labels():
    assert balanced_subset(np.arange(40) % 4, 6, seed=3).tolist() == [4, 9, 16, 18, 27, 29]
    y = np.array([0] * 20 + [1] * 3)
    assert np.bincount(y[balanced_subset(y, 10)]).tolist() == [7, 3]


@pytest.mark.parametrize("limit", [0, -1, 2.0, True, "5"])
def test_a_limit_that_is_no_number_of_samples_is_refused_before_anything_is_loaded(limit, monkeypatch):
    monkeypatch.setattr(loading, "_find", lambda *_: pytest.fail("it began to load"))
    for name in ("limit", "test_limit"):
        with pytest.raises(ValueError, match=f"{limit!r}, but a whole number above 0"):
            load_digits_as_sequences(source="scikit-learn", **{name: limit})
    with pytest.raises(ValueError, match="timeout came as 0, but seconds above 0"):
        load_digits_as_sequences(timeout=0)


def test_arguments_that_do_not_fit():
    with pytest.raises(ValueError, match="source came as 'digits', but one of 'auto', 'mnist', 'scikit-learn'"):
        load_digits_as_sequences(source="digits")
    with pytest.raises(ValueError, match="leave one of them out"):
        load_digits_as_sequences("mnist.npz", source="scikit-learn")


def test_other_sequences_of_the_same_pixels():
    x = np.arange(2 * 28 * 28, dtype=np.float32).reshape(2, 28, 28)
    kept = x.copy()
    columns, pixels, shuffled = as_columns(x), as_pixels(x), in_shuffled_order(x, seed=5)
    assert columns[1, 3, 4] == x[1, 4, 3] and columns.shape == x.shape
    assert pixels.shape == (2, 784, 1) and pixels[1, 28 * 3 + 4, 0] == x[1, 3, 4]
    assert not np.array_equal(shuffled, x) and set(shuffled[1, :, 0]) == set(x[1, :, 0])
    np.testing.assert_array_equal(shuffled[:1], in_shuffled_order(x[:1], seed=5))
    np.testing.assert_array_equal(np.sort(in_shuffled_order(pixels), axis=1), pixels)
    assert {view.dtype for view in (columns, pixels, shuffled)} == {np.dtype("float32")}
    np.testing.assert_array_equal(x, kept)
    for view in (as_columns, as_pixels, in_shuffled_order):
        with pytest.raises(ValueError, match=r"x came as ndarray of shape \(28, 28\)"):
            view(x[0])


def test_digits_cannot_be_changed_by_mistake():
    digits = load_digits_as_sequences(source="scikit-learn", limit=10, test_limit=10)
    with pytest.raises(AttributeError):
        digits.source = "MNIST"
    assert isinstance(digits, Digits)
    assert digits != load_digits_as_sequences(source="scikit-learn", limit=10)  # arrays in == would be an error


def test_the_real_mnist(monkeypatch, capsys):
    if not REAL.exists():
        pytest.skip(f"MNIST is not at {REAL}; it is for development and CI")
    monkeypatch.setattr(files, "PUBLISHED", LABELS_AND_TEST_OF_MNIST)
    digits = load_digits_as_sequences(REAL, source="mnist")
    assert digits.x_train.shape == (60_000, 28, 28) and digits.x_test.shape == (10_000, 28, 28)
    assert digits.x_train.nbytes == 4 * 60_000 * 784  # float32
    assert digits.y_train[:5].tolist() == [5, 0, 4, 1, 9] and digits.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert (digits.x_train.max(), digits.note, capsys.readouterr().out) == (1, "", "")
    assert repr(digits) == (
        f"MNIST digits: 60,000 to train and 10,000 to test, each 28 steps of 28 features\nFrom {REAL}"
    )


@pytest.mark.skipif(not REAL.exists(), reason="MNIST is not beside this checkout; it is for development and CI")
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read as Linux gives it")
def test_loading_mnist_takes_little_more_memory_than_it_gives():
    code = (
        "import resource, sys, numpy; from course_utils.data import load_digits_as_sequences as load\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "before = peak(); digits = load(sys.argv[1]); print(peak() - before)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(REAL)], capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(run.stdout) < 330  # MiB; 210 are returned, and 430 would be as float64


# ---- the doctor, and what is loaded


def test_the_doctor_looks_where_the_loader_looks(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "cache_folders", lambda: (tmp_path / "a", tmp_path / "b"))
    monkeypatch.setattr(doctor, "MNIST_HASH", sha256(CONTENT).hexdigest())
    monkeypatch.setattr(doctor, "ask", lambda *_: "1797")
    assert f"MNIST ({tmp_path / 'a' / 'mnist.npz'}) is not downloaded" in doctor.digits(None).text
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / places.ASIDE).write_bytes(CONTENT)
    assert doctor.digits(None).text.endswith(f"in {tmp_path / 'b' / places.ASIDE}")
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "mine.npz"))
    assert not doctor.digits(None).right
    (tmp_path / "mine.npz").write_bytes(b"")
    assert doctor.digits(None).right and "UNROLLED_MNIST" in doctor.digits(None).text


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import course_utils.commands.doctor, course_utils.data, course_utils.data.download", {"numpy", "keras"}),
        (
            "import course_utils; course_utils.load_digits_as_sequences",
            {"sklearn", "scipy", "keras", "matplotlib"},
        ),
    ],
)
def test_what_is_loaded(statement, heavy):
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not heavy & set(run.stdout.split())
