"""Which Pythons the course supports, and what to say where this one is too old or too new.

Every Python must be able to read this file, 2.7 included: hence ASCII only, and nothing newer than 2.7.
"""

import os
import subprocess

SUPPORTED = ((3, 11), (3, 12), (3, 13))
RECOMMENDED = "3.12"


def supported_text():
    """Return the supported versions in words: "3.11, 3.12 or 3.13"."""
    names = ["%d.%d" % version for version in SUPPORTED]
    return ", ".join(names[:-1]) + " or " + names[-1]


def starts(command):
    """Return whether ``command`` (a list) runs and ends with status 0."""
    try:
        with open(os.devnull, "r+b") as nothing:
            return subprocess.call(command, stdin=nothing, stdout=nothing, stderr=nothing) == 0
    except OSError:
        return False


def supported_python(os_name=os.name, works=starts):
    """Return how to call a supported Python that is installed here, or None."""
    for version in reversed(SUPPORTED):
        if os_name == "nt":
            words = ["py", "-%d.%d" % version]
        else:
            words = ["python%d.%d" % version]
        if works(words + ["-c", ""]):
            return " ".join(words)
    return None


def version_problem(version, command, find=supported_python):
    """Return (sentence, next step) when a Python of this version cannot be used, else None."""
    if tuple(version[:2]) in SUPPORTED:
        return None
    age = "too old" if tuple(version[:2]) < SUPPORTED[0] else "too new for TensorFlow"
    sentence = "Python %d.%d is %s; the course needs Python %s" % (version[0], version[1], age, supported_text())
    found = find()
    if found:
        return sentence, "type: %s -m course_utils %s" % (found, command)
    page = "https://www.python.org/downloads/"
    return sentence, "install Python %s from %s and type the command with it" % (RECOMMENDED, page)
