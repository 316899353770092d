"""What can go wrong, in one plain sentence and a next step.

Everything here turns an ``OSError`` or an installer's words into a ``SetUpError``.
"""

import errno
import os
import re


class SetUpError(Exception):
    """Something the reader can put right: ``sentence`` says what, ``next_step`` says how.

    Both are written without the final full stop; ``str()`` gives the whole message.
    """

    def __init__(self, sentence: str, next_step: str):
        super().__init__(sentence, next_step)
        self.sentence = sentence
        self.next_step = next_step

    def __str__(self) -> str:
        return f"Unrolled cannot start: {self.sentence}. Next step: {self.next_step}."


class Offline(SetUpError):
    """The packages cannot be downloaded. pip and uv download all before they change any, so nothing has changed."""


def disk_full(place: str) -> SetUpError:
    """The disk that holds ``place`` became full."""
    return SetUpError(f"the disk that holds {place} is full", "make room on it and type the same command again")


def not_writable(place: str) -> SetUpError:
    """``place`` may not be written to, though its disk may be."""
    return SetUpError(
        f"you may not write to {place}",
        "copy the course to a folder of your own, for example in your home folder, and type the command there",
    )


def read_only(place: str) -> SetUpError:
    """``place`` lies on something that nobody can write to."""
    return SetUpError(
        f"the folder {place} is read-only",
        "copy the course to a place where you may write and type the command there",
    )


def in_use(place: str) -> SetUpError:
    """Windows keeps files of running programs: ``place`` cannot be changed."""
    return SetUpError(
        f"another program uses files in {place}",
        "close JupyterLab and other programs that use the course, then type the same command again",
    )


def explain_os_error(error: OSError, place: str) -> SetUpError:
    """Return the sentence for an ``OSError`` met while working in ``place``."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or getattr(error, "winerror", None) == 112:
        return disk_full(place)
    if error.errno == errno.EROFS:
        return read_only(place)
    if getattr(error, "winerror", None) in (32, 33):
        return in_use(place)
    if error.errno in (errno.EACCES, errno.EPERM):
        return not_writable(place)
    reason = error.strerror or str(error)
    return SetUpError(
        f"the system answered '{reason}' for {os.fspath(error.filename or place)}",
        "look at that file or folder, then type: python -m course_utils doctor",
    )


# The installers' words, most telling first: an offline pip also says "no matching distribution".
_FULL = r"no space left on device|os error 28\b|errno 28\b|disk quota exceeded|not enough space|os error 112\b"
_READ_ONLY = r"read-only file system|os error 30\b|errno 30\b"
_IN_USE = r"being used by another process|os error 32\)|winerror 32"
_DENIED = r"permission denied|access is denied|os error 13\b|errno 13\b|operation not permitted"
_LONG_PATH = r"long path support|enable long paths|filename or extension is too long"
_CERTIFICATE = r"certificate verify failed|invalid peer certificate|certificate_verify_failed|unknownissuer"
_PROXY = r"proxyerror|cannot connect to proxy|407 proxy|tunnel connection failed"
_NETWORK = (
    r"failed to establish a new connection|name resolution|name or service not known|getaddrinfo failed"
    r"|nodename nor servname|dns error|connection refused|connection reset|network is unreachable|no route to host"
    r"|timed out|timeout|failed to fetch|error sending request|connection broken|connection aborted|are you offline"
    r"|incompleteread|remotedisconnected|502 bad gateway|503 service unavailable"
)
_MISSING = (
    r"no matching distribution found for ([^\s(]+)"
    r"|because (?:only )?([a-z0-9._-]+)\S* .*(?:not found|no wheels|unsatisfiable)"
)


def explain_installer(text: str, place: str) -> SetUpError:
    """Return the sentence for an installer that worked for ``place``, failed and printed ``text``."""
    words = text.lower()
    if re.search(_FULL, words):
        return disk_full(f"{place}, your home folder or temporary files")
    # An installer also writes to a cache and to temporary files, so the folder that it names is the one.
    named = re.search(r"(?:at|to|directory|file|create|:) [`'\"]([^`'\"\n]+)[`'\"]", text)
    for pattern, problem in ((_READ_ONLY, read_only), (_IN_USE, in_use), (_DENIED, not_writable)):
        if re.search(pattern, words):
            return problem(named[1] if named else place)
    if re.search(_LONG_PATH, words):
        return SetUpError(
            f"Windows allows no path as long as those below {place}",
            "move the course to a short folder such as C:\\unrolled and type the command there",
        )
    if re.search(_CERTIFICATE, words):
        return Offline(
            "the package server showed a certificate that this Python does not trust",
            "ask who runs your network for its certificate file and set PIP_CERT and SSL_CERT_FILE to that file",
        )
    if re.search(_PROXY, words):
        return Offline("the proxy refused the connection", "check the variables HTTPS_PROXY and HTTP_PROXY")
    if is_network(text):
        return Offline(
            "the packages could not be downloaded, because the network or the package server does not answer",
            "check the connection to the internet and type the same command again",
        )
    if missing := re.search(_MISSING, words):
        return SetUpError(
            f"no package {missing[1] or missing[2]} fits this computer and this Python",
            "type: python -m course_utils doctor",
        )
    last = [line.strip() for line in text.splitlines() if line.strip()][-1:] or ["nothing"]
    return SetUpError(
        f"the installer stopped and said '{last[0]}'",
        "type the same command again; if it stops again, report these words as an issue of the course",
    )


def is_network(text: str) -> bool:
    """Return whether an installer's ``text`` speaks of a connection that failed."""
    return re.search(_NETWORK, text.lower()) is not None
