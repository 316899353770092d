"""The floor plan of DESIGN: which room may import which, and how large things get."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mypy.api
import pytest
import yaml

import course_utils
from course_utils.setup.environment import ROOT
from course_utils.setup.versions import SUPPORTED

PACKAGE = ROOT / "course_utils"
MODULES = sorted(PACKAGE.rglob("*.py"))

COMMAND = "python3 -m course_utils (lab|test)"  # the README's two, each on a line of its own

MAY_IMPORT = {  # the rooms of the package, and which others each may know
    "__init__": set(),
    "quiet": set(),
    "recurrence": {"quiet"},
    "drawing": set(),
    "pictures": {"drawing", "recurrence"},
    "frontend": set(),
    "explorers": {"pictures", "drawing", "recurrence", "frontend", "quiet"},
    "exercises": {"recurrence", "frontend", "quiet"},
    "data": set(),
    "training": {"pictures", "drawing", "frontend", "quiet"},
    "setup": set(),
    "commands": {"setup", "data", "pictures", "drawing", "recurrence", "quiet"},
    "__main__": {"setup", "commands"},
}
MUST_NOT_KNOW = {
    "recurrence": {"matplotlib", "ipywidgets", "anywidget", "IPython"},
    "drawing": {"keras", "tensorflow", "ipywidgets", "anywidget"},
    "pictures": {"keras", "tensorflow", "ipywidgets", "anywidget"},
    "exercises": {"matplotlib"},
    "frontend": {"keras", "tensorflow", "matplotlib"},
    "setup": {"numpy", "keras", "tensorflow", "matplotlib", "ipywidgets"},
}
TOUCH_KERAS = {
    "commands/another_processor.py",
    "commands/images.py",
    "explorers/keras_check.py",
    "quiet.py",
    "recurrence/reading",
    "training",
}


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    """Return the room that a module is in; a module of its own is its own room."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_one_way(path):
    here = room(path)
    assert here in MAY_IMPORT, f"{here} is no room of the plan"
    for name in imports(path):
        first, *rest = name.split(".")
        if first == "course_utils" and rest:
            assert rest[0] in MAY_IMPORT[here] | {here}, f"{here} imports {name}"
        assert first not in MUST_NOT_KNOW.get(here, ()), f"{here} imports {name}"


def test_only_the_named_modules_touch_keras():
    touching = {
        re.sub("^(recurrence/reading|training)/.*", r"\1", path.relative_to(PACKAGE).as_posix())
        for path in MODULES
        if any(name.split(".")[0] in ("keras", "tensorflow") or name.endswith("quiet_keras") for name in imports(path))
    }
    assert touching == TOUCH_KERAS


def test_a_name_says_which_module_it_is():
    """Two rooms may share a name only where it is the public one, ``explore_cell`` and ``draw_cell``, or a kind's."""
    kinds = {path.stem for path in (PACKAGE / "recurrence" / "kinds").glob("*.py")}
    rooms = {}
    for path in MODULES:
        name = path.parent.name if path.name == "__init__.py" else path.stem
        rooms.setdefault(name, set()).add(room(path))
    shared = {name: places for name, places in rooms.items() if len(places) > 1}
    for name, places in shared.items():
        public = places == {"explorers", "pictures"} and f"explore_{name}" in course_utils.__all__
        assert public or (places == {"pictures", "recurrence"} and name in kinds), (name, places)
    names = [path.relative_to(PACKAGE).as_posix() for path in MODULES if path.name != "__init__.py"]
    stems = [(room(PACKAGE / name), Path(name).stem) for name in names]
    assert len(stems) == len(set(stems)), "two modules of one name in one room"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_function_hides_a_module(path):
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    if name.endswith("__main__"):
        return
    module = importlib.import_module(name)
    parent, _, stem = name.rpartition(".")
    assert not parent or getattr(sys.modules[parent], stem) is module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_small(path):
    """How simple a function is, ruff says (C901): a long one that goes straight on reads well."""
    assert path.read_text(encoding="utf-8").count("\n") <= 450


READS_AN_ID = re.compile(r"\bid(\.(startswith|endswith|\w*split|\w*partition|replace|remove\w+|find)\(|\[)")


def test_no_meaning_is_read_out_of_an_id():
    """Ids are for the page and for tests; what an item is, it says in fields of its own."""
    assert not [path for path in MODULES if READS_AN_ID.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    "code", ["item.id.startswith('x[')", "id.rsplit(' past ', 1)", "box.id.replace('a', 'b')", "id[:-1]"]
)
def test_a_reading_of_an_id_is_found(code):
    assert READS_AN_ID.search(code) and not READS_AN_ID.search("ids[0], one.id == other.id, panel.id(name)")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_public_things_are_documented(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module has no docstring"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"


TESTS = [path for path in sorted((ROOT / "tests").rglob("*.py")) if "benchmarks" not in path.parts]
CLOCKS = {"monotonic", "perf_counter", "process_time", "monotonic_ns", "perf_counter_ns", "process_time_ns"}
SLEEPS = {"sleep", "wait_for_timeout"}
MAY_SLEEP = {
    "tests/waiting.py": "the pause between two looks for something that happens",
    "tests/browser/pages.py": "the pause between two presses of a key that JupyterLab may not hear yet",
}


def clock_in(node: ast.AST) -> str:
    """Return how a piece of code hangs on the clock; nothing where it does not."""
    name = ""
    if isinstance(node, ast.Call):
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in CLOCKS or ast.unparse(function) == "time.time":
            return f"reads the clock with {name}"
        if name in SLEEPS:
            return f"waits for a time with {name}"
        own = isinstance(function, ast.Attribute) and name in {"wait", "join", "timeout"}
        given = [word.value for word in node.keywords if word.arg == "timeout"] + (node.args[:1] if own else [])
        if name != "load_digits_as_sequences" and any(is_number(value) for value in given):
            return f"limits {name} by a number, not by NET"
    return ""


def is_number(node: ast.AST) -> bool:
    """Whether a piece of code is a number as it stands."""
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def on_the_clock(code: str) -> list[str]:
    """Return what in a test hangs on the clock, with its line."""
    found = [(node, clock_in(node)) for node in ast.walk(ast.parse(code))]
    return [f"line {node.lineno} {how}" for node, how in found if how]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_test_passes_or_fails_by_the_clock(path):
    name, found = path.relative_to(ROOT).as_posix(), on_the_clock(path.read_text(encoding="utf-8"))
    if name in MAY_SLEEP:
        assert len(found) == 1 and "waits for a time" in found[0], found
    else:
        assert not found, f"{found}: wait for what happens (tests/waiting.py), or count"


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("assert time.monotonic() - before < 3", "reads the clock with monotonic"),
        ("assert perf_counter() < 3", "reads the clock with perf_counter"),
        ("took = time.time() - before", "reads the clock with time"),
        ("time.sleep(0.3)", "waits for a time with sleep"),
        ("page.wait_for_timeout(300)", "waits for a time with wait_for_timeout"),
        ("process.communicate(timeout=60)", "limits communicate by a number"),
        ("together = Barrier(2, timeout=30)", "limits Barrier by a number"),
        ("child.wait(20)", "limits wait by a number"),
        ("thread.join(NET) or ', '.join(words) or run(code='time.sleep(5)')", ""),
    ],
)
def test_a_test_on_the_clock_is_found(code, how):
    found = on_the_clock(code)
    assert [how in one for one in found] == ([True] if how else [])


def in_a_fresh_python(code: str) -> str:
    """Run code in a new interpreter and return what it prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_importing_the_course_loads_nothing_heavy():
    loaded = in_a_fresh_python("import course_utils, sys; print(*sorted(sys.modules))").split()
    assert not {"tensorflow", "keras", "matplotlib", "numpy", "ipywidgets"} & set(loaded)


def test_drawing_and_exploring_load_no_tensorflow():
    code = (
        "import course_utils, sys; course_utils.explore_unrolling(); course_utils.draw_words(['I'], [[1]]);"
        "course_utils.exercises.lesson_01.parameters_of_simple_rnn.check(1); print(*sorted(sys.modules))"
    )
    assert not {"tensorflow", "keras", "matplotlib.pyplot"} & set(in_a_fresh_python(code).split())


def test_public_names_load_and_are_listed():
    for name in course_utils.__all__:
        assert getattr(course_utils, name) is not None
        assert name in dir(course_utils)
    with pytest.raises(AttributeError, match="no attribute 'draw_everything'"):
        _ = course_utils.draw_everything


@pytest.mark.slow
def test_loading_keras_makes_no_noise():
    code = (
        "import course_utils\nwith course_utils.quiet_start():\n    import keras\n"
        "import numpy; keras.layers.LSTM(2)(numpy.zeros((1, 2, 1)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout == run.stderr == ""


def test_quiet_start_lets_errors_out_and_gives_standard_error_back():
    code = (
        "import os, course_utils\n"
        "try:\n    with course_utils.quiet_start():\n        os.write(2, b'hidden'); raise ImportError('broken')\n"
        "except ImportError as error:\n    print(error)\nos.write(2, b'seen')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (run.stdout, run.stderr) == ("broken\n", "seen")


def test_top_level_holds_only_what_the_plan_names():
    allowed = {
        "notebooks",
        "images",
        "course_utils",
        "tests",
        "requirements.txt",
        "README.md",
        "pyproject.toml",
        "LICENSE",
    }
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT)
    if tracked.returncode or not tracked.stdout:
        pytest.skip("this checkout is not a git repository")
    top = {name.split("/")[0] for name in tracked.stdout.splitlines() if not name.startswith(".")}
    assert top <= allowed


def test_ci_runs_the_command_of_the_readme():
    last = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()[-1]
    assert last.removeprefix("exec ") in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


def test_ci_for_the_world_runs_the_commands_of_the_readme_everywhere():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    matrix = job["strategy"]["matrix"]
    assert matrix == {
        "system": ["ubuntu", "macos", "windows"],
        "python": [f"{major}.{minor}" for major, minor in SUPPORTED],
    }
    runs = [step["run"] for step in job["steps"] if "run" in step]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [run.split(" -- ")[0] for run in runs] == [line for line in readme if re.fullmatch(COMMAND, line)]


def test_spelling():
    places = ["course_utils", "tests", "notebooks", "README.md"]
    command = [
        sys.executable,
        "-m",
        "codespell_lib",
        "--skip",
        "*.pyc,*/screenshots/*",
        "--ignore-regex",
        r'"image/png.*|base64.*',
    ]
    run = subprocess.run([*command, *places], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout


def test_form_and_mistakes():
    for words in (["check"], ["format", "--check"]):
        run = subprocess.run([sys.executable, "-m", "ruff", *words, "."], capture_output=True, text=True, cwd=ROOT)
        assert run.returncode == 0, run.stdout


def test_types(monkeypatch):
    monkeypatch.chdir(ROOT)  # from where mypy reads its settings, and where its cache lies
    found, problems, status = mypy.api.run([])
    assert status == 0, found + problems


def test_a_browser_test_that_cannot_run_is_skipped_but_fails_in_ci(monkeypatch):
    from tests.browser.conftest import missing

    monkeypatch.delenv("UNROLLED_REQUIRE_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"There is no Chromium: .*doctor"):
        missing("There is no Chromium")
    monkeypatch.setenv("UNROLLED_REQUIRE_BROWSER", "1")
    with pytest.raises(pytest.fail.Exception, match="UNROLLED_REQUIRE_BROWSER is set"):
        missing("There is no Chromium")
