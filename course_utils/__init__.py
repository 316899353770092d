"""Unrolled: pictures, traces, widgets and exercises for recurrent layers in Keras.

Public names load on first use, so ``import course_utils`` costs next to nothing
and loads neither TensorFlow nor matplotlib.

This file and ``__main__.py`` stay readable for very old Pythons, so that
``python -m course_utils`` can say what is wrong instead of failing to parse.
"""

from importlib import import_module

_HOMES = {
    "quiet_start": "course_utils.quiet",
    "keras_says": "course_utils.exercises.keras_says",
    "trace": "course_utils.recurrence",
    "parameters": "course_utils.recurrence",
    "shapes": "course_utils.recurrence",
    "arguments": "course_utils.recurrence",
    "gradient_flow": "course_utils.recurrence",
    "draw_unrolled": "course_utils.pictures",
    "draw_cell": "course_utils.pictures",
    "draw_words": "course_utils.pictures",
    "draw_model": "course_utils.pictures",
    "draw_rolled": "course_utils.pictures",
    "draw_image_rows": "course_utils.pictures",
    "draw_weights": "course_utils.pictures",
    "draw_states": "course_utils.pictures",
    "draw_gradient_flow": "course_utils.pictures",
    "draw_activations": "course_utils.pictures",
    "explore_unrolling": "course_utils.explorers",
    "explore_stacking": "course_utils.explorers",
    "explore_return_sequences": "course_utils.explorers",
    "explore_cell": "course_utils.explorers",
    "explore_gates": "course_utils.explorers",
    "explore_state": "course_utils.explorers",
    "explore_gradients": "course_utils.explorers",
    "explore_activations": "course_utils.explorers",
    "explore_parameters": "course_utils.explorers",
    "explore_digit": "course_utils.explorers",
    "load_digits_as_sequences": "course_utils.data",
    "exercises": "course_utils.exercises",
    "LiveTraining": "course_utils.training",
    "train_or_load": "course_utils.training",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    """Load a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError("module 'course_utils' has no attribute " + repr(name))
    home = import_module(_HOMES[name])
    return home if _HOMES[name] == "course_utils." + name else getattr(home, name)


def __dir__():
    """List the public names, so that completion finds them before they load."""
    return sorted(set(globals()) | set(_HOMES))
