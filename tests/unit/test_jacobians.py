"""The derivatives of one step: those written out are those measured, whatever the layer."""

from dataclasses import replace

import numpy as np
import pytest

from course_utils.recurrence import jacobians, random_input, random_spec, run
from course_utils.recurrence.activation_functions import SIGMOID, TANH, Activation
from course_utils.recurrence.backpropagation import flow_back
from course_utils.recurrence.specs import RecurrentSpec

WAYS = [("SimpleRNN", {}), ("LSTM", {}), ("GRU", {"reset_after": True}), ("GRU", {"reset_after": False})]


def doubled(kind: str, **arguments) -> RecurrentSpec:
    """Return a layer in double precision whose weights and biases are all different."""
    spec = random_spec(kind, units=4, features=3, **arguments)
    random = np.random.default_rng(0)
    weights = {name: weight + 0.5 * random.standard_normal(weight.shape) for name, weight in spec.weights.items()}
    double = np.dtype("float64")
    return replace(spec, **weights, dtype=double, manner=replace(spec.manner, dtype=double))


def batch_of(samples: int, steps: int) -> np.ndarray:
    return np.concatenate([random_input(steps, 3, seed=seed) for seed in range(samples)]).astype(float)


@pytest.mark.parametrize("activations", [(TANH, SIGMOID), (SIGMOID, TANH), (TANH, TANH)], ids=str)
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize(("kind", "arguments"), WAYS)
def test_derivatives_written_out_are_those_measured(kind, arguments, use_bias, activations):
    spec = doubled(kind, use_bias=use_bias, **arguments)
    spec = replace(spec, activation=activations[0], recurrent_activation=activations[1])
    trace = run(spec, batch_of(2, 6))
    (written,) = jacobians.jacobians_back(trace)
    measured = jacobians._by_differences(trace, np.arange(5))
    np.testing.assert_allclose(written, np.moveaxis(measured, 1, 0)[::-1], atol=1e-8)
    assert written.shape == (5, 2, 4 * len(spec.state_sizes), 4 * len(spec.state_sizes))


@pytest.mark.parametrize(("kind", "arguments"), WAYS)
def test_a_function_of_ones_own_named_tanh_is_measured(kind, arguments):
    own = Activation("tanh", lambda values: values / 2, own=True)
    spec = replace(doubled(kind, **arguments), activation=own)
    (found,) = jacobians.jacobians_back(run(spec, batch_of(1, 2)))
    np.testing.assert_allclose(found[0], jacobians._differences(run(spec, batch_of(1, 2)), 1), atol=1e-12)


@pytest.mark.parametrize("numbers", [1, 150, 10**9])
@pytest.mark.parametrize(("kind", "arguments"), WAYS)
def test_few_steps_at_a_time_give_the_same_flow(monkeypatch, kind, arguments, numbers):
    spec, x = doubled(kind, **arguments), batch_of(3, 7)
    whole = flow_back(spec, x)
    monkeypatch.setattr(jacobians, "MOST_NUMBERS", numbers)
    parts = flow_back(spec, x)
    np.testing.assert_allclose([parts.hidden, parts.state], [whole.hidden, whole.state], rtol=1e-12)


def test_one_step_has_no_way_back():
    assert not list(jacobians.jacobians_back(run(doubled("LSTM"), batch_of(1, 1))))
    assert flow_back(doubled("LSTM"), batch_of(1, 1)).state.tolist() == [2]
