"""Get a published file over the network into memory, check it there, and only then keep it in a cache. Stdlib alone.

Why not pooch 1.9 or ``keras.utils.get_file``? Both write over a file of the same name that they do not know, begin
again at byte 0 after a cut, and leave what had come when they are killed. The file has 11 MB: held in memory until its
SHA-256 is right, it touches no disk while it comes, and is of use even where no disk can take it.
"""

import os
import re
import ssl
import threading
import time
from contextlib import suppress
from email.message import Message
from hashlib import sha256
from pathlib import Path
from queue import Empty, Queue
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
from uuid import uuid4

from course_utils.data.places import DigitsError, Published, cached_names, read

CHUNK = 65_536  # bytes
ATTEMPTS = 5
TURN = 0.2  # s; how long Ctrl-C may have to wait (on Windows nothing interrupts a waiting lock)
NO_SUCH_REST = 416  # the HTTP status of a server whose file is shorter than what we have
BUSY = (429, 500, 502, 503, 504)  # HTTP statuses after which it is worth trying again
STALE = 24 * 3600  # s; a part older than this belongs to a program that was killed while it wrote


class _Cut(Exception):
    """A transfer ended early. status: the server's, if it refused."""

    status: int | None = None


Sent = Queue[tuple[int, int | None, bytes] | _Cut | None]
"""What a thread sends: parts of the file, each with its first byte and where the answer ends (None: the server does not
say); at last None, or why it was cut."""


def fetch(published: Published, timeout: float = 10.0, pause: float = 1.0) -> bytes:
    """Return the bytes of a published file, and print on one line how much of it has come.

    A transfer that is cut is taken up where it stopped, up to 5 times; a server that cannot do that sends all again.

    timeout: seconds without an answer, or without the next 64 KB, after which it counts as cut
    pause: seconds before the second attempt, twice as many before the third and so on
    Raises DigitsError, with nothing kept, when the file cannot be had or is another one.
    """
    body, host = bytearray(), urlsplit(published.url).hostname or published.url
    for attempt in range(1, ATTEMPTS + 1):
        resumed = len(body)
        try:
            _receive(published, host, body, timeout)
        except _Cut as cut:
            if attempt == ATTEMPTS or not (body or cut.status in BUSY):
                raise DigitsError(f"MNIST was not downloaded from {host}: {cut}") from cut
            if cut.status == NO_SUCH_REST:
                body.clear()
            time.sleep(pause * attempt)
            continue
        if sha256(body).hexdigest() == published.sha256:
            return bytes(body)
        if not resumed:
            break
        body.clear()  # The pieces may be of two files: once more, from the beginning.
    raise DigitsError(
        f"what came from {published.url} is not MNIST ({len(body):,} bytes with another SHA-256 than Keras expects); "
        f"nothing of it was kept"
    )


def _receive(published: Published, host: str, body: bytearray, timeout: float) -> None:
    """Put what comes behind ``body``, and show how much has come, rewriting one line at every tenth.

    A thread of its own waits for the network: names that are not found, addresses that do not answer and bytes that
    drip cannot hold up the caller for more than ``timeout`` seconds, and Ctrl-C is heard at once.
    Raises _Cut if the end does not come; what came until then is in ``body``.
    """
    sent: Sent = Queue()
    given_up = threading.Event()
    threading.Thread(target=_send, args=(published.url, len(body), timeout, sent, given_up), daemon=True).start()
    end, shown = None, -1
    try:
        while len(body) <= published.size and (part := _next(sent, timeout)):
            begin, end, content = part
            if begin > len(body):
                raise _Cut(f"the server left out the bytes from {len(body):,} to {begin:,}")
            body[begin:] = content
            tenths = min(len(body) * 10 // published.size, 10)
            if tenths != shown:
                size = f"{published.size / 1e6:.1f} MB"
                print(f"\rDownloading MNIST ({size}) from {host}: {tenths * 10} %", end="", flush=True)
            shown = tenths
        if len(body) < (end or published.size):
            raise _Cut(f"the connection ended after {len(body):,} of {end or published.size:,} bytes")
    finally:
        given_up.set()
        if shown >= 0:
            print(flush=True)


def _next(sent: Sent, timeout: float) -> tuple[int, int | None, bytes] | None:
    """Return the part that the thread sends next, None at the end. Raises _Cut."""
    until = time.monotonic() + timeout
    while True:
        try:
            part = sent.get(timeout=min(TURN, timeout))
        except Empty:
            if time.monotonic() >= until:
                raise _Cut(f"nothing came for {timeout:g} s") from None
            continue
        if isinstance(part, _Cut):
            raise part
        return part


def _send(url: str, have: int, timeout: float, sent: Sent, given_up: threading.Event) -> None:
    """Send the answer of ``url`` from byte ``have`` on, the first part empty, until the end or until given up."""
    try:
        # Whom to trust: the computer's own authorities and, where it has none (Python on macOS), certifi's.
        trusted = ssl.create_default_context()
        with suppress(ImportError):
            import certifi

            trusted.load_verify_locations(certifi.where())
        request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        # A second more than the caller waits: so it is the caller who says that nothing came.
        with urlopen(request, timeout=timeout + 1, context=trusted) as answer:
            begin, end = _extent(answer.status, answer.headers)
            content = b""
            while not given_up.is_set():
                sent.put((begin, end, content))
                begin += len(content)
                if not (content := answer.read(CHUNK)):
                    break
        sent.put(None)
    except Exception as error:  # Whatever it is, the caller shall hear it.
        sent.put(_as_cut(error))


def _extent(status: int, headers: Message) -> tuple[int, int | None]:
    """Return which bytes of the file an answer holds: the first, and the end, None if the server does not say.

    >>> headers = Message()
    >>> headers["Content-Length"], headers["Content-Range"] = "60", "bytes 40-99/100"
    >>> _extent(206, headers), _extent(200, headers)
    ((40, 100), (0, 60))
    """
    found = re.match(r"bytes (\d+)-", headers.get("Content-Range", "")) if status == 206 else None
    begin = int(found[1]) if found else 0
    length = headers.get("Content-Length", "")
    return begin, begin + int(length) if length.isdigit() else None


def _as_cut(error: Exception) -> _Cut:
    """Return what went wrong on the network in plain words."""
    if isinstance(error, HTTPError):
        cut = _Cut(f"the server answered {error.code} {error.reason}")
        cut.status = error.code
        error.close()
        return cut
    reason = error.reason if isinstance(error, URLError) else error
    words = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return _Cut(f"no connection ({words})")


def keep(content: bytes, folders: tuple[Path, ...]) -> tuple[Path | None, str]:
    """Write ``content`` into the first folder that can take it; return the file, and a sentence if none can.

    The file appears whole or not at all, also when two programs do this at once; no other file is changed.
    """
    problems = []
    for folder in folders:
        try:
            return _write(content, folder), ""
        except OSError as error:
            problems.append(f"{folder} ({error.strerror or error})")
    return None, f"MNIST is not kept for the next time, since it could not be written to {' or '.join(problems)}."


def _write(content: bytes, folder: Path) -> Path:
    """Write ``content`` under the first free name in ``folder``; if it is there already, leave it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in cached_names(folder):
        if not os.path.lexists(path):
            break
        if _holds(path, content):
            return path
    else:
        raise OSError(f"other files have the names {' and '.join(path.name for path in cached_names(folder))}")
    for part in folder.glob("mnist.npz.*.part"):  # our own, that a killed program left
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()
    part = folder / f"mnist.npz.{uuid4().hex}.part"
    try:
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if part.stat().st_size != len(content):
            raise OSError("the file came out shorter than it was written")
        os.replace(part, path)
    except OSError:
        if not _holds(path, content):  # Windows refuses while another program reads what it has just put there.
            raise
    finally:
        part.unlink(missing_ok=True)
    return path


def _holds(path: Path, content: bytes) -> bool:
    """Return whether there is a file with this content."""
    with suppress(DigitsError):
        return read(path) == content
    return False
