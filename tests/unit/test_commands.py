"""The command line, for every Python, and the commands that it names."""

import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

from course_utils import __main__ as gate
from course_utils.setup import environment, versions
from tests.unit.checkouts import ROOT, course, make_checkout, make_twin, offline

pytestmark = pytest.mark.slow

FOR_EVERY_PYTHON = ("__main__.py", "__init__.py", "setup/__init__.py", "setup/versions.py")


# --- a Python that is too old or too new


def old_pythons():
    """Return the Pythons here that are too old, by version."""
    found = {}
    for version in ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10"):
        places = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
        found[version] = str(places[0]) if places else shutil.which(f"python{version}")
    return found


@pytest.mark.parametrize(("version", "python"), old_pythons().items())
@pytest.mark.parametrize("command", ["lab", "doctor"])
def test_too_old_python_gets_one_sentence(tmp_path, version, python, command):
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    if subprocess.run([python, "--version"], capture_output=True).returncode:
        pytest.skip(f"Python {version} does not start here")
    checkout = make_checkout(tmp_path / "my course")
    done = course(checkout, command, env=offline(tmp_path / "home", None), python=python)
    assert done.returncode == 1
    assert "Error" not in done.stderr
    said = done.stdout if command == "doctor" else done.stderr
    assert len(said.strip().splitlines()) == 1
    assert said.startswith("[FAIL] " if command == "doctor" else "Unrolled cannot start: ")
    assert f"Python {version} is too old; the course needs Python {versions.supported_text()}. Next step: " in said


# What Python 2.7's grammar has, as modern Python names it. Anything else is newer.
OLD_NODES = {
    *(
        [
            "Module",
            "Expr",
            "Constant",
            "Name",
            "Load",
            "Store",
            "Import",
            "ImportFrom",
            "alias",
            "Assign",
            "Tuple",
            "List",
            "Dict",
            "Attribute",
            "Call",
            "keyword",
        ]
    ),
    *(
        [
            "FunctionDef",
            "arguments",
            "arg",
            "Return",
            "If",
            "IfExp",
            "For",
            "Break",
            "Continue",
            "Pass",
            "Try",
            "ExceptHandler",
            "Raise",
            "With",
            "withitem",
        ]
    ),
    *(
        [
            "BitOr",
            "BinOp",
            "Add",
            "Sub",
            "Mult",
            "Div",
            "Mod",
            "BoolOp",
            "And",
            "Or",
            "UnaryOp",
            "Not",
            "USub",
            "Compare",
            "Eq",
            "NotEq",
            "Lt",
            "LtE",
            "Gt",
            "GtE",
            "In",
            "NotIn",  # codespell:ignore
            "Is",
            "IsNot",
        ]
    ),
    *(
        [
            "Subscript",
            "Slice",
            "ListComp",
            "GeneratorExp",
            "DictComp",
            "SetComp",
            "comprehension",
            "AugAssign",
            "Lambda",
            "Assert",
            "ClassDef",
            "While",
        ]
    ),
}


def newer_than_27(source):
    """Return what in ``source`` Python 2.7 could not read."""
    found = [] if source.isascii() else ["letters beyond ASCII"]
    for node in ast.walk(ast.parse(source)):
        name = type(node).__name__
        if name not in OLD_NODES:
            found.append(name)
        if isinstance(node, ast.FunctionDef) and (node.returns or node.args.kwonlyargs or node.args.posonlyargs):
            found.append(f"signature of {node.name}")
        if isinstance(node, ast.arg) and node.annotation:
            found.append(f"annotation of {node.arg}")
        if isinstance(node, ast.Raise) and node.cause:
            found.append("raise from")
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            found.append("future")
        if isinstance(node, ast.Dict) and None in node.keys:
            found.append("** in a dictionary")
    numbers = tokenize.generate_tokens(io.StringIO(source).readline)
    return found + [token.string for token in numbers if token.type == tokenize.NUMBER and "_" in token.string]


@pytest.mark.parametrize("name", FOR_EVERY_PYTHON)
def test_the_first_files_read_are_readable_for_python_27(name):
    assert newer_than_27((ROOT / "course_utils" / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "f'{1}'",
        "x: int = 1",
        "def f(*, a): pass",
        "def f() -> int: pass",
        "(x := 1)",
        "'é'",
        "1_000",
        "{**a}",
        "nonlocal_ = [*a]",
    ],
)
def test_the_check_for_python_27_finds_newer_syntax(line):
    assert newer_than_27(line)


@pytest.mark.parametrize(
    ("version", "age"), [((2, 7), "too old"), ((3, 10), "too old"), ((3, 14), "too new"), ((4, 0), "too new")]
)
def test_sentence_for_a_version(version, age):
    sentence, step = versions.version_problem(version, "lab", lambda: None)
    assert age in sentence
    assert "python.org" in step
    assert versions.version_problem(version, "lab", lambda: "py -3.12")[1] == "type: py -3.12 -m course_utils lab"


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_supported_versions_have_no_problem(version):
    assert versions.version_problem((*version, 0), "lab", lambda: None) is None


def test_a_supported_python_beside_the_wrong_one_is_found():
    assert versions.supported_python("nt", lambda words: words[1] == "-3.12") == "py -3.12"
    assert versions.supported_python("posix", lambda words: words[0] == "python3.11") == "python3.11"
    assert versions.supported_python("posix", lambda words: False) is None
    assert not versions.starts(["no-such-program-here"])
    assert versions.starts([sys.executable, "-c", ""])


@pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="no pyproject.toml")
def test_pyproject_and_readme_state_the_same_versions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    (oldest, newest) = versions.SUPPORTED[0], versions.SUPPORTED[-1]
    assert project["requires-python"] == f">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"
    readme = ROOT / "README.md"
    if readme.exists():
        assert versions.supported_text() in readme.read_text(encoding="utf-8")


# --- names and options


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("lab", "--help"), ("doctor", "-h")])
def test_overview_has_one_line_for_each_command(words, capsys):
    assert gate.main(list(words)) == 0
    said = capsys.readouterr().out
    for name, purpose in gate.COMMANDS:
        assert re.search(rf"^  {name} +{re.escape(purpose)}$", said, re.MULTILINE)


@pytest.mark.parametrize(("name", "near"), [("lob", "lab"), ("tests", "test"), ("docter", "doctor"), ("qqqq", None)])
def test_unknown_command_is_answered_with_the_nearest_name(name, near, capsys):
    assert gate.main([name]) == 2
    said = capsys.readouterr().err
    assert f"no command '{name}'" in said
    assert (f"python -m course_utils {near} ?" in said) if near else ("Did you mean" not in said)


def test_forgotten_dashes_are_named(capsys):
    assert gate.main(["lab", "--port", "9999"]) == 2
    assert "type: python -m course_utils lab -- --port 9999\n" in capsys.readouterr().err
    assert gate.passed_on("test", ["--", "-k", "x"]) == ["-k", "x"]
    assert gate.passed_on("test", ["--quick", "--", "-k", "x"]) == ["--quick", "-k", "x"]
    assert gate.passed_on("notebooks", ["01"]) == ["01"]
    assert gate.passed_on("lab", ["--", "--", "x"]) == ["--", "x"]


def test_every_command_has_its_module_and_requirement_files():
    for name, _ in gate.COMMANDS:
        both = name in ("test", "benchmark")
        assert environment.files_for(name) == (
            ("requirements.txt", "tests/requirements.txt") if both else ("requirements.txt",)
        )


def test_command_test_ends_with_the_status_of_pytest(tmp_path):
    twin = make_twin(tmp_path / "my course")
    (twin.root / "tests" / "test_it.py").write_text("def test_right(): pass\ndef test_wrong(): assert False\n")
    env = offline(tmp_path / "home", None, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    for words, status in ((["-k", "right"], 0), (["-k", "wrong"], 1), (["-k", "none"], 5)):
        done = course(twin, "test", "--", *words, env=env)
        assert done.returncode == status, done.stdout + done.stderr
