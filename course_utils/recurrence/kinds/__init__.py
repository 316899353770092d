"""The kinds of recurrent cells, a file each. Whoever adds one writes a file and registers it."""

from course_utils.recurrence.kinds.flow import differentiate, evaluate
from course_utils.recurrence.kinds.gru import GRU
from course_utils.recurrence.kinds.kind import KINDS, OWN_CELLS, FlowNames, Kind, flow_names, register
from course_utils.recurrence.kinds.lstm import LSTM
from course_utils.recurrence.kinds.simple_rnn import SIMPLE_RNN

OF_KERAS = tuple(register(kind).name for kind in (SIMPLE_RNN, LSTM, GRU))
"""The names of the kinds that Keras has layers for."""

__all__ = ["KINDS", "OF_KERAS", "OWN_CELLS", "FlowNames", "Kind", "differentiate", "evaluate", "flow_names", "register"]
