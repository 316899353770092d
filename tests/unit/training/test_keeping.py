"""What is kept of a training, when it is loaded, and when it is trained again."""

import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from course_utils.setup.environment import ROOT
from course_utils.training import store, train_or_load
from course_utils.training.keys import Key, described, foreign_parts, key_of
from tests.unit.training.small import FEATURES, RECIPE, SAMPLES, STEPS, X, Y, at_batch, interrupt, train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kept_once(build, tmp_path_factory):
    """A folder in which the small training is kept."""
    place = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(store.VARIABLE, str(place))
        train(build)
    return place


@pytest.fixture
def kept(kept_once, folder):
    """The folder of a test, with the small training in it."""
    shutil.copytree(kept_once, folder)
    return folder


def everything(model):
    """Return every number that training changes."""
    return [np.asarray(variable) for variable in (*model.variables, *model.optimizer.variables)]


def assert_same(one, other):
    for here, there in zip(everything(one), everything(other), strict=True):
        assert here.dtype == there.dtype and np.array_equal(here, there)


def drawn(keras):
    """Draw a number with Python, one with NumPy, and the first weights of a layer."""
    layer = keras.layers.Dense(3)
    layer.build((None, 2))
    return random.random(), np.random.random(), layer.get_weights()[0].tolist()


def test_loaded_is_the_same_as_trained_bit_for_bit(keras, build, capsys):
    given = {"built": {"recurrent": True}, "seed": 3}
    first, trained = train(build, **given)
    after = drawn(keras)
    said = capsys.readouterr().out
    second, loaded = train(build, **given)
    assert after == drawn(keras), "what is random afterwards goes on in the same way"
    assert (trained.loaded, loaded.loaded) == (False, True) and trained.message == loaded.message == ""
    assert_same(first, second)
    assert trained.history == loaded.history == second.history.history and second.history.epoch == first.history.epoch
    assert repr(trained) == repr(loaded) == "LSTM(4): trained for 3 epochs"
    assert capsys.readouterr().out == said
    for model in (first, second):  # they go on in the same way too: optimizer and dropout are where they were
        keras.utils.set_random_seed(5)
        model.fit(X, Y, epochs=2, verbose=0)
    assert_same(first, second)


def test_trained_twice_is_the_same_as_kept(build, monkeypatch):
    given = {"built": {"recurrent": True}}
    first, _trained = train(build, **given)
    monkeypatch.setenv(store.VARIABLE, "off")
    second, again = train(build, **given)
    assert not again.loaded
    assert_same(first, second)


def test_the_order_of_batches_comes_from_the_seed(keras, build, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, "off")
    models = build(), build()
    for number, model in enumerate(models):
        keras.utils.set_random_seed(number)
        train_or_load(model, X, Y, name="a", show=False, **RECIPE)
    assert_same(*models)


@pytest.mark.usefixtures("kept")
def test_a_log_of_keras_is_no_part_of_the_recipe(build):
    assert train(build, verbose=2)[1].loaded


CHANGED = X.copy()
CHANGED[0, 0, 0] = np.nextafter(CHANGED[0, 0, 0], 9)
PARTS = {
    "one bit of x": ({"x": CHANGED}, "with other data"),
    "one label": ({"y": np.where(np.arange(SAMPLES) == 5, 1 - Y, Y)}, "with other data"),
    "type of x": ({"x": X.astype("float64")}, "with other data"),
    "validation data": ({"validation_data": (X[:8], Y[:8]), "validation_split": 0.0}, "with other data and by another"),
    "units": ({"built": {"units": 5}}, "for another model."),
    "optimizer": ({"built": {"optimizer": "sgd"}}, "for another model."),
    "loss": ({"built": {"loss": "sparse_categorical_crossentropy", "metrics": []}}, "for another model"),
    "first weights": ({"built": {"seed": 1}}, "from other first weights"),
    "epochs": ({"epochs": 4}, "by another recipe"),
    "batch size": ({"batch_size": 8}, "by another recipe"),
    "seed": ({"seed": 1}, "by another recipe"),
    "words": ({"recipe": "with love"}, "by another recipe"),
    "class weight": ({"class_weight": {0: 1.0, 1: 2.0}}, "by another recipe"),
}


@pytest.mark.parametrize("what", PARTS)
@pytest.mark.usefixtures("kept")
def test_a_change_of_anything_trains_again_and_says_why(build, what, capsys):
    changes, why = PARTS[what]
    _model, trained = train(build, **changes)
    assert not trained.loaded and f"The saved training was made {why}" in trained.message
    assert trained.message.endswith("The model is trained again.") and trained.message in capsys.readouterr().out
    assert ("set_random_seed" in trained.message) == why.endswith("first weights")
    assert train(build, **changes)[1].loaded and train(build)[1].loaded, "both are kept"


@pytest.mark.parametrize("what", ["keras", "tensorflow", "course"])
@pytest.mark.usefixtures("kept")
def test_other_versions_train_again(build, what, monkeypatch):
    if what == "course":
        monkeypatch.setattr("course_utils.training.keys.COURSE", 2)
    elif what == "keras":
        monkeypatch.setattr("keras.__version__", "9.9")
    else:
        monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9")
    message = train(build)[1].message
    assert message.startswith("The saved training was made by other versions of Keras or of the course.")


def test_names_by_counting_are_not_in_the_key_but_everything_else_is(keras, build):
    first, second = build(), build()
    assert first.layers[0].name != second.layers[0].name
    assert described(first) == described(second)

    def functional(unit_name):
        keras.utils.set_random_seed(0)
        x = keras.Input((STEPS, FEATURES))
        both = keras.layers.Bidirectional(keras.layers.GRU(2, name=unit_name))(x)
        model = keras.Model(x, keras.layers.Concatenate()([both, keras.layers.LSTM(3)(x)]))
        model.compile(loss="mse")
        return model

    assert described(functional(None)) == described(functional(None))
    assert described(functional("reader")) != described(functional(None))
    assert len({field.name for field in fields(Key)}) == 5


KEY = """
import numpy as np
from course_utils.quiet import quiet_keras
from course_utils.training.keys import key_of
keras = quiet_keras()
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((4, 3)), keras.layers.LSTM(4), keras.layers.Dense(2)])
model.compile("adam", "mse")
digest = key_of(model, np.zeros(3), {"epochs": 2}).digest
print(digest)
"""


def test_the_key_is_the_same_in_another_process_and_a_second_time():
    here: dict = {}
    for _ in range(2):
        exec(KEY, here)
    there = subprocess.run([sys.executable, "-c", KEY], capture_output=True, text=True, cwd=ROOT)
    assert there.stdout == here["digest"] + "\n", there.stderr


def damage(path, how):
    """Spoil a file in one of several ways."""
    content = path.read_bytes()
    spoiled = {
        "empty": b"",
        "cut": content[: len(content) // 2],
        "a bit": content[:400] + bytes([content[400] ^ 1]) + content[401:],
        "no zip": b"not a file of NumPy",
        "newer": re.sub(rb"(PK\x01\x02..)..", b"\\1\xff\x00", content, flags=re.DOTALL),
        "encrypted": re.sub(rb"(PK\x01\x02.{4})..", b"\\1\x01\x00", content, flags=re.DOTALL),
        "foreign": None,
    }[how]
    if spoiled is None:
        np.savez(path, weights=np.zeros(3))
    else:
        path.write_bytes(spoiled)


@pytest.mark.parametrize("how", ["empty", "cut", "a bit", "no zip", "newer", "encrypted", "foreign"])
def test_a_damaged_file_is_trained_again_and_replaced(build, kept, how):
    first, _ = train(build)
    [path] = kept.glob("*.npz")
    damage(path, how)
    second, again = train(build)
    assert not again.loaded and again.message == "The saved training cannot be read. The model is trained again."
    assert_same(first, second)
    assert train(build)[1].loaded


def test_a_file_whose_shapes_do_not_fit_is_trained_again(build, kept):
    [path] = kept.glob("*.npz")
    with np.load(path) as file:
        arrays = dict(file)
    arrays["state_0"] = arrays["state_0"][:-1]
    np.savez(path, **arrays)
    model, again = train(build)
    assert again.message == "The saved training does not fit the model. The model is trained again."
    assert not again.loaded and model.get_weights()[0].shape == (STEPS * FEATURES, 4)


def test_a_folder_that_cannot_be_written_does_not_stop_training(build, tmp_path, monkeypatch, capsys):
    (tmp_path / "a file").write_text("in the way")
    for place in (tmp_path / "a file" / "below", tmp_path / "a file"):
        monkeypatch.setenv(store.VARIABLE, str(place))
        _model, trained = train(build)
        assert len(trained.history["loss"]) == 3 and trained.message in capsys.readouterr().out
        assert re.match(r"The trained weights could not be kept \(.+\): the next run trains again\.", trained.message)
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]


def test_no_room_left_leaves_no_draft(build, folder, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "replace", full)
    _model, result = train(build)
    assert "(No space left on device)" in result.message and list(folder.iterdir()) == []


def test_off_and_the_usual_place(build, folder, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, "off")
    assert store.folder() is None
    assert not train(build)[1].loaded and not train(build)[1].loaded and not folder.exists()
    monkeypatch.delenv(store.VARIABLE)
    assert store.folder().is_absolute() and "unrolled" in str(store.folder()) and ROOT not in store.folder().parents


def test_all_that_happened_is_in_the_message(build, kept, monkeypatch):
    [path] = kept.glob("*.npz")
    damage(path, "cut")
    monkeypatch.setattr(store.tempfile, "mkstemp", lambda **_: (_ for _ in ()).throw(PermissionError(13, "Not yours")))
    assert train(build)[1].message == (
        "The saved training cannot be read. The model is trained again. "
        "The trained weights could not be kept (Not yours): the next run trains again."
    )


def test_nothing_is_shown_where_nobody_wants_to_watch(keras, build, kept, box, capsys):
    given = {"show": False, "text": None}
    [path] = kept.glob("*.npz")
    damage(path, "empty")
    assert train(build, **given)[1].message == "The saved training cannot be read. The model is trained again."
    assert train(build, **given)[1].loaded
    stop = [at_batch(keras, 4, interrupt)]
    assert "interrupted in epoch 2 of 3" in train(build, **given, callbacks=stop, recipe="stopped")[1].message
    assert capsys.readouterr().out == "" and box == []


def test_a_training_taken_up_again_is_loaded_as_it_was(build, capsys):
    later = {"initial_epoch": 2, "epochs": 5, "validation_freq": 2}
    first, trained = train(build, **later)
    said = capsys.readouterr().out
    second, loaded = train(build, **later)
    assert loaded.loaded and trained.history == loaded.history and len(loaded.history["val_loss"]) == 1
    assert first.history.epoch == second.history.epoch == [2, 3, 4]
    assert capsys.readouterr().out == said and "Epoch 5 of 5: loss" in said


def test_an_interrupted_training_is_not_kept(keras, build, folder):
    _model, result = train(build, callbacks=[at_batch(keras, 4, interrupt)], recipe="interrupted")
    assert "interrupted in epoch 2 of 3" in result.message and len(result.history["loss"]) == 1
    assert not folder.exists()


def test_only_the_newest_are_kept(folder, monkeypatch):
    monkeypatch.setattr(store, "MOST_FILES", 2)
    keys = [Key(str(number), "", "", "", "") for number in range(4)]
    store.save(folder, "another", keys[0], store.Saved({}, ()))
    drafts = folder / "lstm-4-old.part", folder / "lstm-4-new.part"
    for draft in drafts:
        draft.write_bytes(b"")
    os.utime(drafts[0], (0, 0))
    for number in (1, 0, 2, 3):
        store.save(folder, "LSTM(4)", keys[number], store.Saved({}, ()))
        time = drafts[1].stat().st_mtime - 10 + number
        os.utime(folder / f"lstm-4-{keys[number].digest}.npz", (time, time))
    names = {f"another-{keys[0].digest}.npz", *(f"lstm-4-{key.digest}.npz" for key in keys[2:]), "lstm-4-new.part"}
    assert {path.name for path in folder.iterdir()} == names


TWO = """
import sys, numpy as np
from course_utils.quiet import quiet_keras
keras = quiet_keras()
from course_utils import train_or_load
for number in range(4):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="a")])
    model.compile("adam", "mse")
    x = np.ones((8, 2), "float32")
    result = train_or_load(model, x, np.zeros((8, 3)), name="two", epochs=2, seed=number // 2)
    assert "read" not in result.message and "kept" not in result.message, result.message
    print(float(abs(model.get_weights()[0]).sum()), file=sys.stderr)
"""


def test_two_processes_at_once(folder):
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", TWO], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert said[0] == said[1] and len(said[0].splitlines()) == 4
    assert len(list(folder.glob("two-*.npz"))) == len(list(folder.iterdir())) == 2


def test_what_cannot_be_known_must_be_said(keras, build):
    def own_loss(truth, guess):
        return keras.ops.mean((truth - guess[:, 0]) ** 2)

    for new in ({"built": {"loss": own_loss}}, {"callbacks": [keras.callbacks.TerminateOnNaN()]}):
        with pytest.raises(
            ValueError, match=r"What (own_loss|callbacks) will do cannot be read .* describe it, recipe="
        ):
            train(build, **new)
        assert not train(build, **new, recipe="version 1")[1].loaded
        assert train(build, **new, recipe="version 1")[1].loaded
        assert not train(build, **new, recipe="version 2")[1].loaded


def test_models_of_keras_need_no_words(keras):
    layers = keras.layers
    x = keras.Input((STEPS, FEATURES))
    states = layers.LSTM(2, return_state=True, return_sequences=True)(layers.Reshape((STEPS, FEATURES))(x))
    both = layers.Concatenate()([layers.Bidirectional(layers.GRU(2))(x), layers.LSTM(2)(states[0], states[1:])])
    model = keras.Model(x, both * 2.0)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 10)), keras.losses.Huber())
    assert foreign_parts(model) == []


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
def test_a_lambda_needs_words(build):
    assert foreign_parts(build(loss=lambda truth, guess: guess)) == ["__lambda__"]


def test_a_class_that_does_not_describe_itself_is_refused(keras):
    class Own(keras.layers.Layer):
        def __init__(self, function):
            super().__init__()
            self.call = function

    model = keras.Sequential([keras.Input((STEPS, FEATURES)), Own(abs)])
    model.compile(loss="mse")
    with pytest.raises(ValueError, match=r"give it get_config\(\)"):
        train_or_load(model, X, X, name="a", recipe="own")


def test_what_is_refused(keras, build):
    layers = [keras.layers.Dense(2)]
    with pytest.raises(ValueError, match="must be compiled"):
        train_or_load(keras.Sequential(layers), X, Y, name="a")
    model = keras.Sequential(layers)
    model.compile(loss="mse")
    with pytest.raises(ValueError, match=r"begin it with keras\.Input"):
        train_or_load(model, X, Y, name="a")
    with pytest.raises(TypeError, match=r"arrays of numbers, but there is one of type object"):
        train_or_load(build(), object(), Y, name="a")
    with pytest.raises(TypeError, match="recipe must be plain"):
        train_or_load(build(), X, Y, name="a", steps_per_epoch=object())


def test_nested_data_have_other_keys(build):
    model = build()
    data = [X, [X], (X, None), {"x": X}, [X, X], [[X], X], [np.concatenate([X, X])], None]
    keys = [key_of(model, one, {}).data for one in data]
    assert len(set(keys)) == len(data)
