"""What an interrupt leaves: the best weights, whole epochs, a kernel that runs on."""

import io
import json
import re
import signal
import threading
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from course_utils.setup.environment import ROOT
from course_utils.training import LiveTraining
from course_utils.training.interrupting import Best, forget_last_epoch
from tests.unit.tidy import assert_tidy
from tests.unit.training.small import RECIPE, X, Y, at_batch, interrupt, words_of
from tests.waiting import NET

pytestmark = pytest.mark.slow


def interrupted(keras, build, number, **given):
    """Train, interrupt before a batch, and return the model, the callback and the weights after each epoch."""
    model, weights = build(), []
    live = LiveTraining("LSTM(4)", text=True, **given)
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()))
    model.fit(X, Y, **RECIPE | {"epochs": 5}, verbose=0, callbacks=[keep, live, at_batch(keras, number, interrupt)])
    return model, live, weights


def test_an_interrupt_in_the_middle_keeps_the_best_weights_and_whole_epochs(keras, build, capsys):
    before = signal.getsignal(signal.SIGINT)
    model, live, weights = interrupted(keras, build, 3 * 3 + 1)  # three batches an epoch: in the fourth epoch
    losses = model.history.history["val_loss"]
    assert len(losses) == 3 and model.history.epoch == [0, 1, 2] and live.interrupted
    assert {len(values) for values in model.history.history.values()} == {3}
    best = int(np.argmin(losses))
    for kept, wanted in zip(model.get_weights(), weights[best], strict=True):
        assert np.array_equal(kept, wanted)
    sentence = (
        "The training was interrupted in epoch 4 of 5: the model has the weights from the end of "
        f"epoch {best + 1}, whose validation loss is the lowest."
    )
    assert live.message == sentence == capsys.readouterr().out.splitlines()[-1]
    assert words_of(live.diagram.scene)["status"] == "interrupted in epoch 4 of 5"
    assert not any(id.startswith("running") for id in live.diagram.scene.ids()), "nothing of the epoch that was cut"
    assert signal.getsignal(signal.SIGINT) is before
    assert_tidy(live.diagram.scene)
    assert len(model.fit(X, Y, epochs=2, verbose=0).history["loss"]) == 2, "the model trains on"


def test_the_best_epoch_is_not_always_the_last():
    best = Best("val_accuracy")
    for epoch, value in enumerate([0.5, np.nan, 0.75, 0.75, 0.25], 1):
        best.offer(epoch, {"val_accuracy": value}, lambda epoch=epoch: [epoch])
    assert (best.epoch, best.weights) == (3, [3])
    assert best.in_words() == "the end of epoch 3, whose validation accuracy is the highest"
    best = Best()
    for epoch, logs in enumerate([{"loss": 0.1}, {"loss": 0.1, "val_loss": 0.9}, {"loss": 0.1}], 1):
        best.offer(epoch, logs, list)
    assert (best.epoch, best.name) == (2, "val_loss")
    with pytest.raises(ValueError, match="monitor must be one of loss, val_loss, accuracy, val_accuracy, or None"):
        LiveTraining(monitor="val_acuracy")


def test_an_earlier_epoch_is_put_back_when_it_was_the_best(keras, build):
    model, live = build(optimizer=keras.optimizers.SGD(-5.0)), LiveTraining(text=True, monitor="loss")  # ever worse
    weights = []
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()))
    model.fit(X, Y, **RECIPE, verbose=0, callbacks=[keep, live, at_batch(keras, 7, interrupt)])
    assert np.argmin(model.history.history["loss"]) == 0 and "the end of epoch 1, whose loss" in live.message
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), weights[0], strict=True))


def test_an_interrupt_in_the_first_epoch_keeps_the_weights_as_they_are(keras, build):
    model, live, _weights = interrupted(keras, build, 1)
    assert live.message == ("The training was interrupted in epoch 1 of 5: the model has the weights from that moment.")
    assert model.history.history == {} and model.history.epoch == []
    assert_tidy(live.diagram.scene)


def test_the_epoch_that_was_cut_leaves_what_was_measured_before():
    history = SimpleNamespace(epoch=[0, 1, 2], history={"loss": [3.0, 2.0, 1.0], "val_loss": [5.0], "new": [1.0]})
    forget_last_epoch(history, {"loss": 2, "val_loss": 1})
    assert history.epoch == [0, 1] and history.history == {"loss": [3.0, 2.0], "val_loss": [5.0]}


def test_validation_after_an_interrupt_is_cut_short(keras, build):
    batches = []
    watch = keras.callbacks.Callback()
    watch.on_test_batch_end = lambda batch, logs: batches.append(batch)
    given = {"validation_data": (X, Y), "validation_batch_size": 4, "verbose": 0}
    build().fit(X, Y, **given, callbacks=[LiveTraining(show=False), watch, at_batch(keras, 0, interrupt)])
    assert batches == [0]


def test_who_listens_for_interrupts_afterwards(keras, build):
    before, own = signal.getsignal(signal.SIGINT), lambda number, frame: None
    build().fit(X, Y, verbose=0, callbacks=[LiveTraining(show=False)])
    assert signal.getsignal(signal.SIGINT) is before
    take = at_batch(keras, 1, lambda: signal.signal(signal.SIGINT, own))
    try:
        build().fit(X, Y, verbose=0, callbacks=[LiveTraining(show=False), take])
        assert signal.getsignal(signal.SIGINT) is own, "who came later keeps it"
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_a_later_callback_measured_in_the_cut_epoch_goes_too(keras, build):
    others = [keras.callbacks.ReduceLROnPlateau("loss"), at_batch(keras, 4, interrupt)]
    history = build().fit(X, Y, **RECIPE, verbose=0, callbacks=[LiveTraining(show=False), *others])
    assert history.epoch == [0] and {len(values) for values in history.history.values()} == {1}
    assert "learning_rate" in history.history


def test_an_interrupt_during_validation_cuts_it_short(keras, build):
    model, live, batches = build(), LiveTraining(text=True), []

    def test_batch(batch, logs):
        batches.append(batch)
        if len(batches) == 2:
            interrupt()

    watch = keras.callbacks.LambdaCallback()
    watch.on_test_batch_end = test_batch
    model.fit(X, Y, validation_data=(X, Y), validation_batch_size=4, epochs=3, verbose=0, callbacks=[live, watch])
    assert batches == [0, 1] and live.interrupted and model.history.history == {}


def test_a_second_interrupt_stops_at_once(keras, build):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        interrupted_twice = [at_batch(keras, 4, lambda: (interrupt(), interrupt()))]
        build().fit(X, Y, **RECIPE, verbose=0, callbacks=[LiveTraining(text=True), *interrupted_twice])
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("problem", [KeyboardInterrupt, RuntimeError])
def test_after_a_training_that_failed_interrupts_are_what_they_were(keras, build, problem):
    before = signal.getsignal(signal.SIGINT)
    live, model = LiveTraining(text=True), build()

    def fail():
        raise problem

    with pytest.raises(problem):
        model.fit(X, Y, **RECIPE, verbose=0, callbacks=[live, at_batch(keras, 4, fail)])
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert signal.getsignal(signal.SIGINT) is before and not live.interrupted
    model.fit(X, Y, **RECIPE, verbose=0, callbacks=[live])
    assert live.message == ""


def test_training_in_a_thread_leaves_interrupts_alone(keras, build):
    before, done, heard = signal.getsignal(signal.SIGINT), [], []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: heard.append(signal.getsignal(signal.SIGINT)))
    given = {**RECIPE, "verbose": 0, "callbacks": [LiveTraining(text=True), look]}
    thread = threading.Thread(target=lambda: done.append(build().fit(X, Y, **given)))
    thread.start()
    thread.join(NET)
    assert heard == [before] * 3 and len(done[0].history["loss"]) == 3


def test_a_training_that_ends_early_says_so(keras, build):
    live = LiveTraining(text=True)
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(live.model, "stop_training", True))
    build().fit(X, Y, **RECIPE, verbose=0, callbacks=[live, stop])
    assert words_of(live.diagram.scene)["status"] == "ended after epoch 1 of 3" and not live.interrupted


# In a real kernel

SLOW = """
import sys; sys.path.insert(0, {root!r})
import course_utils
with course_utils.quiet_start():
    import keras
import numpy as np
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((4, 3)), keras.layers.LSTM(4), keras.layers.Dense(2, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
x, y = np.ones((64, 4, 3), "float32"), np.zeros(64, "int64")
live = course_utils.LiveTraining("LSTM(4)")
"""
FIT = "h = model.fit(x, y, epochs={epochs}, batch_size=8, validation_split=.25, verbose=0, callbacks=[live])"


@pytest.fixture
def kernel():
    """A real kernel, as JupyterLab starts it."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(startup_timeout=NET, kernel_name="python3")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code):
    """Run code in a kernel; return the reply and what it printed."""
    out = io.StringIO()
    reply = client.execute_interactive(
        code, timeout=NET, output_hook=lambda message: out.write(message["content"].get("text", ""))
    )
    return reply["content"], out.getvalue()


def test_interrupting_a_real_kernel(kernel):
    manager, client = kernel
    run(client, SLOW.format(root=str(ROOT)))
    asked = client.execute(FIT.format(epochs=100_000))
    states = []
    while sum("val_loss" in state or "<svg" in state for state in states) < 8:
        message = client.get_iopub_msg(timeout=NET)
        if message["msg_type"] == "comm_msg":
            states.append(json.dumps(message["content"]))
    manager.interrupt_kernel()
    while True:
        reply = client.get_shell_msg(timeout=NET)
        if reply["parent_header"]["msg_id"] == asked:
            break
    assert reply["content"]["status"] == "ok"
    reply, said = run(client, "print(live.message); print(len(h.history['loss']) == len(h.epoch) > 0)")
    assert re.match(r"The training was interrupted (in|after) epoch \d+ of 100000: .* is the lowest\.\nTrue\n", said)
    reply, said = run(
        client,
        "best = min(h.history['val_loss']); print(abs(model.evaluate(x[48:], y[48:], verbose=0)[0] - best) < 1e-5)",
    )
    assert said == "True\n", "the weights are those of the best epoch"
    reply, said = run(client, "1 + 1\nprint('usable')")
    assert said == "usable\n" and reply["status"] == "ok"


def test_a_notebook_comes_to_the_same_each_time_trained_or_loaded(folder):
    from course_utils.commands.notebooks import as_text, executed

    train = "course_utils.train_or_load(model, x, y, name='LSTM(4)', epochs=3, validation_split=.25)"
    cells = [SLOW.format(root=str(ROOT)), FIT.format(epochs=3), train]

    def made():
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source, id=f"cell-{place}") for place, source in enumerate(cells)]
        )
        return as_text(executed(notebook, "one"))

    first = made()
    assert list(folder.glob("*.npz")), "trained at first"
    assert first == made()
    outputs = json.loads(first)["cells"]
    assert outputs[0]["outputs"] == []
    assert [output["data"]["text/plain"] for output in outputs[1]["outputs"]] == [["Training of LSTM(4): 3 epochs"]]
    texts = [output["data"]["text/plain"] for output in outputs[2]["outputs"]]
    assert texts == [["Training of LSTM(4): 3 epochs"], ["LSTM(4): trained for 3 epochs"]]
    assert "3 epochs done" in first and "s left" not in first
    assert not any("text/html" in output["data"] for cell in outputs for output in cell["outputs"])
