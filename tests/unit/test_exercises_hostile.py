"""Nothing that a student passes to a check raises, hangs, floods the page or ends the kernel."""

import contextlib
import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest

from course_utils.exercises import engine, limits
from course_utils.exercises.answers import LARGEST
from course_utils.setup.environment import ROOT
from tests.unit.test_exercises import EXERCISES
from tests.waiting import NET

KINDS = {exercise.judge.name: name for name, exercise in EXERCISES.items()}
one_of_each_kind = pytest.mark.parametrize("name", KINDS.values(), ids=KINDS)
functions = pytest.mark.parametrize("name", [n for n, one in EXERCISES.items() if one.judge.name == "function"])
layers = pytest.mark.parametrize("name", [n for n, one in EXERCISES.items() if one.judge.name == "layer"])


@pytest.fixture(autouse=True)
def unrevealed(monkeypatch):
    """Leave out what a prediction shows: that may have to load Keras."""
    monkeypatch.setattr(engine, "_run_and_show", lambda *_: "")


@pytest.fixture
def impatient(monkeypatch):
    """Stop an answer after half a second; only for answers that never end by themselves."""
    monkeypatch.setattr(limits, "SECONDS", 0.5)


def sentence_for(name: str, answer) -> str:
    """Return the sentence that an answer gets, which must be one."""
    outcome = EXERCISES[name].check(answer)
    assert outcome.kind == "incorrect", (name, outcome)
    assert outcome.message.endswith((".", "?", "hint().")) and 10 < len(outcome.message) < 400
    assert "Traceback" not in outcome.message and "<script" not in outcome._repr_html_()
    return outcome.message


def refused(name: str, answer) -> str:
    """Return the sentence that an answer gets, for which no limit of time had to act."""
    message = sentence_for(name, answer)
    assert "did not come to an end" not in message, name
    return message


@contextlib.contextmanager
def leaving_no_thread():
    """Wait until every thread that was started in the ``with`` block has ended."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(NET)
        assert not thread.is_alive(), "it still runs"


class _Raising:
    """An object that can do nothing."""

    def __getattr__(self, name):
        raise RuntimeError("<script>alert(1)</script>")

    def _refuse(self, *_arguments, **_more):
        raise RuntimeError("<script>alert(1)</script>")

    __eq__ = __len__ = __iter__ = __array__ = __repr__ = __str__ = __float__ = __index__ = __call__ = __bool__ = _refuse
    __hash__ = None


class _Leaving:
    """An object that wants the kernel to end, whatever is done with it."""

    def _leave(self, *_arguments, **_more):
        raise SystemExit(3)

    __eq__ = __len__ = __iter__ = __array__ = __float__ = __index__ = __call__ = _leave
    __hash__ = None
    count_params = _leave


class _Endless:
    """An object that never comes to an end."""

    def _turn(self, *_arguments, **_more):
        while True:
            pass

    __eq__ = __len__ = __iter__ = __array__ = __float__ = __index__ = __call__ = __getattr__ = _turn
    __hash__ = None


class _EndlessList(list):
    """Counts how many of its items are taken."""

    taken = 0

    def __iter__(self):
        while True:
            self.taken += 1
            yield 1.0


class _Long:
    """Counts how many of its items are taken."""

    taken = 0

    def __len__(self):
        return 10**9

    def __getitem__(self, place):
        self.taken += 1
        return 1.0


class _Pretender:
    @property
    def __class__(self):
        raise RuntimeError("no class")


class _Minus(int):
    def __sub__(self, other):
        raise RuntimeError("no difference")

    __rsub__ = __float__ = __abs__ = __sub__


class _Text(str):
    def strip(self, *_arguments):
        raise RuntimeError("no strip")

    __str__ = strip


class _Anything:
    """An object that has every attribute and may be called, as a mock does."""

    def __getattr__(self, name):
        return self

    def __call__(self, *_arguments):
        return self


def _nested(deep: int) -> list:
    return [_nested(deep - 1)] if deep else [1.0]


def _itself() -> list:
    own = []
    own.append(own)
    return own


HOSTILE = {
    "none": lambda: None,
    "truth": lambda: True,
    "numpy truth": lambda: np.bool_(True),
    "nan": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "minus infinity": lambda: np.float32("-inf"),
    "nan in an array": lambda: np.array([1.0, np.nan, 2.0]),
    "complex number": lambda: 1j,
    "numpy complex": lambda: np.complex64(1),
    "complex array": lambda: np.array([1j, 2, 3]),
    "huge int": lambda: 10**400,
    "list of huge ints": lambda: [10**400] * 3,
    "negative": lambda: -1,
    "small int": lambda: np.int8(-5),
    "time": lambda: np.timedelta64(3, "D"),
    "array of times": lambda: np.array([1, 2, 3], "timedelta64[s]"),
    "records": lambda: np.zeros(3, [("a", "f4")]),
    "text": lambda: "28",
    "script": lambda: "<script>alert(1)</script>",
    "long text": lambda: "<b>" * 10**6,
    "bytes": lambda: b"\x02\x07",
    "array of text": lambda: np.array(["a"]),
    "text that cannot be stripped": lambda: _Text("units"),
    "empty list": list,
    "empty tuple": tuple,
    "dictionary": dict,
    "dictionary with numbers": lambda: {0: 2, 1: 7},
    "set": lambda: {2, 7},
    "generator": lambda: (n for n in range(3)),
    "endless generator": itertools.count,
    "range": lambda: range(10**9),
    "list of ranges": lambda: [range(10**9)] * 3,
    "long without items": _Long,
    "large real array of objects": lambda: np.empty(10**7, object),
    "nested tuples of none": lambda: ((None, None), (None, None)),
    "ragged list": lambda: [[1, 2], [3]],
    "ragged deeper": lambda: [[[1], [2, 3]], [[4], 5]],
    "mixed list": lambda: [1, "a"],
    "list in itself": _itself,
    "deep list": lambda: _nested(500),
    "endless list": _EndlessList,
    "list of strange objects": lambda: [_Raising(), _Raising()],
    "shape with none": lambda: (None, 4),
    "shape with dots": lambda: (..., 4),
    "long list": lambda: list(range(10**6)),
    "longer list": lambda: list(range(10**6 + 1)),
    "large array": lambda: np.zeros(10**8, "float32"),
    "large broadcast array": lambda: np.broadcast_to(np.float32(1), (10**13,)),
    "list of large arrays": lambda: [np.broadcast_to(np.float32(1), (10**13,))] * 3,
    "large array of objects": lambda: np.broadcast_to(np.array(1, object), (10**8,)),
    "array of objects": lambda: np.array([None, 1, {}], object),
    "object": object,
    "raising object": _Raising,
    "leaving object": _Leaving,
    "object without class": _Pretender,
    "int that cannot subtract": lambda: _Minus(3),
    "object that has everything": _Anything,
    "class": lambda: dict,
    "strange class": lambda: _Raising,
    "class with a script for a name": lambda: type("<script>" * 50, (), {})(),
    "module": lambda: os,
    "exception": lambda: ValueError("no"),
    "function": lambda: lambda: 1,
    "thread": threading.Thread,
}


# Of a million items and more: it takes time to make them, and what reads them is the same for all of a kind.
LONG = {"long list", "longer list", "endless list", "large real array of objects"}


@pytest.mark.parametrize("what", HOSTILE)
def test_any_answer_gets_a_sentence(what):
    for name in KINDS.values() if what in LONG else EXERCISES:
        refused(name, HOSTILE[what]())


@one_of_each_kind
@pytest.mark.parametrize("make", [_EndlessList, _Long])
def test_of_a_huge_answer_no_more_is_read_than_an_answer_may_hold(name, make):
    answer = make()
    refused(name, answer)
    assert answer.taken <= LARGEST + 1


def tensors(keras) -> dict:
    """Return what only Keras and TensorFlow have."""
    import tensorflow

    L = keras.layers
    symbolic = keras.Input((3,))
    unbuilt = L.LSTM(3)
    return {
        "symbolic": symbolic,
        "list of symbolic": [symbolic, symbolic],
        "tensor of another shape": tensorflow.zeros((9, 9, 9)),
        "tensor with nan": tensorflow.constant(float("nan")),
        "tensor of text": tensorflow.constant(["a", "b"]),
        "tensor of truth": tensorflow.constant([True]),
        "complex tensor": tensorflow.constant(1j),
        "variable": tensorflow.Variable([[1.0]]),
        "variable of Keras": keras.Variable([[1.0]]),
        "ragged tensor": tensorflow.ragged.constant([[1], [2, 3]]),
        "sparse tensor": tensorflow.sparse.from_dense([[1, 0]]),
        "list of large tensors": [tensorflow.broadcast_to(1.0, (10**6,))] * 1000,
        "shape without rank": tensorflow.TensorShape(None),
        "shape without sizes": tensorflow.TensorShape([None, None]),
        "graph function": tensorflow.function(lambda: 1),
        "dense layer": L.Dense(99),
        "class of layers": L.LSTM,
        "input layer": L.InputLayer((3,)),
        "cell": L.LSTMCell(3),
        "unbuilt layer": unbuilt,
        "module of Keras": L,
        "empty model": keras.Sequential(),
        "model of the wrong shape": keras.Sequential([keras.Input((99, 98)), L.LSTM(2)]),
        "model of two inputs": two_inputs(keras),
        "initializer": keras.initializers.Zeros(),
        "compiled": keras.Sequential([L.Flatten()]).compile("adam", "mse"),
    }


def two_inputs(keras):
    """Return a model that needs two inputs."""
    ways = [keras.Input((3,)), keras.Input((3,))]
    return keras.Model(ways, keras.layers.Add()(ways))


@pytest.mark.parametrize("name", EXERCISES)
def test_any_tensor_layer_or_model_gets_a_sentence(keras, name):
    for what, answer in tensors(keras).items():
        assert refused(name, answer), what


def broken_layers(keras) -> dict:
    """Return layers that go wrong in their call, and the words they are met with."""

    def layer(call, **more):
        return type("Own", (keras.layers.Layer,), {"call": call, **more})()

    def fail(self, x):
        raise RuntimeError("\x1b[1m<script>\x1b[0m is broken")

    def model(call):
        return type("OwnModel", (keras.Model,), {"call": call})()

    def leave(self, x):
        sys.exit("bye")

    return {
        layer(fail): "RuntimeError: <script> is broken.",
        model(fail): "RuntimeError: <script> is broken.",
        layer(leave): "Your layer stopped with SystemExit: bye.",
        layer(lambda self, x: None): "returns None",
        layer(lambda self, x: {"output": x}): "gives a dict",
        model(lambda self, x: {"output": x}): "gives a dict",
        layer(lambda self, x: [x, x, x]): "gives 3 arrays",
        layer(lambda self, x: []): "gives 0 arrays",
        layer(lambda self, x: "text"): "of type str",
        layer(lambda self, x: x * np.nan): "NaN",
        layer(lambda self, x: x, count_params=lambda self: 1 / 0): "ZeroDivisionError",
        layer(lambda self, x, y: x): "TypeError",
    }


@layers
def test_layers_that_go_wrong_are_told_how(keras, name):
    for answer, words in broken_layers(keras).items():
        assert words in refused(name, answer), words


@layers
def test_a_layer_that_never_ends_is_stopped(keras, impatient, name):
    def call(self, x):
        while True:
            pass

    answer = type("Own", (keras.layers.Layer,), {"call": call})()
    assert "did not come to an end within 0.5 seconds: is there a loop" in sentence_for(name, answer)


@one_of_each_kind
@pytest.mark.parametrize("make", [_Endless, lambda: [_Endless()]], ids=["object", "list"])
def test_an_object_that_never_ends_is_stopped(impatient, name, make):
    with leaving_no_thread():
        sentence_for(name, make())


@one_of_each_kind
def test_large_answers_take_no_memory(name):
    answers = [
        np.zeros(10**8, "float32"),
        np.broadcast_to(np.float32(1), (10**13,)),
        np.broadcast_to(np.array(1, object), (10**8,)),
        range(10**7),
        [range(10**7)],
    ]
    tracemalloc.start()
    try:
        for answer in answers:
            refused(name, answer)
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()


# Functions


def raising(problem):
    """Return a function that raises."""

    def function(*_arguments):
        raise problem

    return function


def recursive(*arguments):
    return recursive(*arguments)


def yielding(*_arguments):
    yield 1


async def waiting(*_arguments):
    return 1


class _Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no words")


FUNCTIONS = {
    "too few arguments": (lambda: 1, "stopped with TypeError"),
    "too many arguments": (lambda a, b, c, d, e, f, g, h, i: 1, "stopped with TypeError"),
    "exception": (raising(ValueError("<script>alert(1)</script>\nand more")), "ValueError: <script>"),
    "exception without words": (raising(KeyError()), "stopped with KeyError: no message."),
    "exception that cannot speak": (raising(_Unspeakable()), "cannot be read"),
    "very long exception": (raising(ValueError("long " * 10**6)), "stopped with ValueError: long"),
    "control characters": (raising(ValueError("\x1b]0;title\x07")), "stopped with ValueError"),
    "exit": (lambda *_: sys.exit(3), "stopped with SystemExit: 3."),
    "interrupt": (raising(KeyboardInterrupt()), "stopped with KeyboardInterrupt: no message."),
    "end of generator": (raising(GeneratorExit()), "stopped with GeneratorExit"),
    "stop of iteration": (raising(StopIteration()), "stopped with StopIteration"),
    "memory": (lambda *_: np.ones(10**15), "MemoryError"),
    "recursion": (recursive, "stopped with RecursionError"),
    "generator": (yielding, "a generator"),
    "coroutine": (waiting, "leave out async"),
    "nothing": (lambda *_: None, "returns None"),
    "dots": (lambda *_: ..., "of type ellipsis"),
    "text": (lambda *_: "<script>", "of type str"),
    "function": (lambda *_: print, "of type builtin"),
    "large array": (lambda *_: np.zeros(10**8, "float32"), "yours has shape (100000000,)"),
    "long list": (lambda *_: [0] * 10**7, "more than a million"),
    "nan": (lambda *_: np.array([np.nan]), "NaN or infinity"),
    "raising object": (lambda *_: _Raising(), "cannot be read: RuntimeError."),
    "class": (dict, "stopped with TypeError"),
}


@functions
@pytest.mark.parametrize(("function", "words"), FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.filterwarnings("error")
def test_functions_that_go_wrong_are_told_how(name, function, words):
    assert words in refused(name, function)


@functions
def test_a_coroutine_leaves_no_warning(recwarn, name):
    refused(name, waiting)
    gc.collect()
    assert not recwarn.list


def endless(*_arguments):
    while True:
        pass


def endless_print(*_arguments):
    while True:
        print("again")


def endless_but_exceptions(*_arguments):
    while True:
        try:
            sum(range(1000))
        except Exception:
            continue


def late(*_arguments):
    try:
        endless()
    except BaseException:
        return 1


FUNCTIONS = functions.args[
    1
]  # all are read by one judge; they differ in their arguments alone, which none of these use


@pytest.mark.parametrize(
    ("name", "function"),
    [(name, endless) for name in FUNCTIONS]
    + [(FUNCTIONS[0], function) for function in (endless_print, endless_but_exceptions, late)],
)
def test_a_function_that_never_ends_is_stopped(impatient, name, function):
    with leaving_no_thread():
        message = sentence_for(name, function)
    assert message.endswith("did not come to an end within 0.5 seconds: is there a loop that never stops?")
    assert EXERCISES[name].check(...).kind == "not attempted"


@functions
def test_a_loop_that_catches_everything_is_stopped_or_named(impatient, monkeypatch, name):
    monkeypatch.setattr(limits, "PATIENCE", 0.2)
    done = threading.Event()  # only after the sentence: who waited for the end of the loop would wait for ever

    def stubborn(*_arguments):
        while not done.is_set():
            with contextlib.suppress(BaseException):
                sum(range(1000))

    with leaving_no_thread():
        message = sentence_for(name, stubborn)
        done.set()
    assert "did not come to an end within 0.5 seconds" in message


@functions
def test_a_call_that_hangs_inside_c_is_named_and_left_behind(impatient, monkeypatch, name):
    monkeypatch.setattr(limits, "PATIENCE", 0.2)
    hanging = threading.Lock()
    with leaving_no_thread(), hanging:
        message = sentence_for(name, lambda *_: hanging.acquire())
    assert "It still runs: choose Kernel, Restart Kernel" in message


@functions
def test_what_a_function_prints_is_cut(capsys, name):
    def talking(*_arguments):
        for _ in range(10**4):
            print("a line of text")
            print("an error", file=sys.stderr)

    refused(name, talking)
    shown = capsys.readouterr()
    for text in shown:
        assert len(text) < limits.MOST_PRINTED + 100
        assert text.endswith("… the rest of what your code prints is left out.\n")
    assert shown.out.startswith("a line of text\n")


@functions
def test_a_function_that_changes_its_arguments_harms_nothing(name):
    def spoiling(*arguments):
        for argument in arguments:
            argument[...] = 7
        return arguments[0]

    before = EXERCISES[name]._numbers()
    refused(name, spoiling)
    assert EXERCISES[name]._numbers() == before


INTERRUPTED = """
import threading
from course_utils.exercises import limits, lesson_01
limits.SECONDS = limits.PATIENCE = 10**6

def endless(*arguments):
    print("running", flush=True)
    while True:
        pass

before = set(threading.enumerate())
try:
    lesson_01.write_the_cell.check(endless)
except KeyboardInterrupt:
    for thread in set(threading.enumerate()) - before:
        thread.join()
    print("interrupted, and nothing runs on", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_user_can_interrupt_a_check():
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED], cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout.readline() == "running\n"
            run.send_signal(signal.SIGINT)
            assert run.stdout.readline() == "interrupted, and nothing runs on\n"
        finally:
            run.kill()


IN_A_KERNEL = """
import sys
from course_utils.exercises import limits, lesson_01
limits.SECONDS, limits.PATIENCE = 0.5, 10**6
def leave(*_): sys.exit()
def endless(*_):
    while True: print("x" * 100)
for function in (leave, endless, exit, quit):
    print(lesson_01.write_the_cell.check(function).kind)
"""


def run_in(client, code: str, when_it_prints=None) -> dict:
    """Run a cell in a kernel and return what it prints and the error it ends with.

    when_it_prints: what to do when the first text comes
    """
    seen = {"text": "", "error": ""}

    def collect(message: dict) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            if when_it_prints and not seen["text"]:
                when_it_prints()
            seen["text"] += content["text"]
        seen["error"] += content["ename"] if message["msg_type"] == "error" else ""

    client.execute_interactive(code, timeout=NET, output_hook=collect)
    return seen


@pytest.mark.slow
def test_a_real_kernel_lives_on_and_can_be_interrupted():
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(startup_timeout=NET, kernel_name="python3", cwd=str(ROOT))
    try:
        seen = run_in(client, IN_A_KERNEL)
        assert seen["error"] == "" and seen["text"].count("incorrect") == 4 and len(seen["text"]) < 5000
        run_in(client, "limits.SECONDS = 10**6")
        interrupted = run_in(client, "lesson_01.write_the_cell.check(endless)", manager.interrupt_kernel)
        assert interrupted["error"] == "KeyboardInterrupt"
        assert run_in(client, "import threading; print(threading.active_count() < 20, 1 + 1)")["text"] == "True 2\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
