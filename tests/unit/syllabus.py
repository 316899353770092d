"""What the course teaches, row by row, and the cells that show it.

A row ``S1.6`` is row 6 of source 001 of the syllabus; a question is one that people really ask.
"""

QUESTIONS = {
    1: "does LSTM(32) mean 32 LSTM blocks?",
    2: "is LSTM(5) five cells in a chain, or one cell with five outputs?",
    3: "the inputs of the chain picture are the time-steps; so what are the units?",
    4: "why has GRU(5) on 4 features 165 parameters, not 150?",
    5: "which columns of the kernel are which gate, and how do I read a gate's value?",
    6: "expected ndim=3, found ndim=2: what did I forget?",
    7: "how do I unpack what return_state=True returns?",
    8: "in what order must the data stand for stateful=True?",
    9: "batch_input_shape and model.reset_states() are gone; what now?",
    10: "do K steps mean that the layer unrolls K times, and what is unroll for?",
    11: "how do I draw the unrolled form of my own RNN?",
    12: "can one trained layer take sequences of another length?",
}

TAUGHT = {
    "00": ["S1.1", "S3.1", "S3.2", "S3.3", "S3.4", "S3.5", "S3.6", "S3.8", "S3.9", "S3.10"],
    "01": [
        *(
            "S0.1",
            "S0.2",
            "S0.3",
            "S0.4",
            "S0.5",
            "S0.6",
            "S1.1",
            "S1.2",
            "S1.3",
            "S1.4",
            "S2.2",
            "S2.3",
            "S2.4",
            "S2.5",
        ),
        *("question 1", "question 2", "question 3", "question 10", "question 11", "question 12"),
    ],
    "02": ["S0.14", "S0.15", "S1.1", "question 6", "question 11"],
    "03": ["S0.16", "S0.17", "S0.18", "S0.19", "S1.1", "S1.3", "S1.9", "S1.10", "question 5"],
    "04": [
        *("S0.10", "S0.11", "S0.12", "S0.13", "S0.15", "S1.1", "S1.7", "S2.5"),
        *("question 7", "question 8", "question 9", "question 12"),
    ],
    "05": ["S1.1", "S1.4", "S1.5", "S1.6", "S1.8", "S3.10"],
    "06": ["S1.1", "S1.3", "question 4"],
    "07": ["S0.6", "S0.7", "S0.8", "S0.9", "S1.1", "S3.7", "question 10"],
    "08": ["S1.1", "S2.1"],
    "09": ["S1.1", "question 9"],
}
"""Number of a lesson → what the syllabus gives it."""

SHOWN = {
    "01_rnn_cell_math": {
        "S0.1": ["cell-hand", "loop", "shared"],
        "S0.2": ["shared"],
        "S0.3": ["parameters", "parameters-keras", "parameters-steps"],
        "S0.4": ["weights"],
        "S0.5": ["units"],
        "S0.6": ["activation"],
        "S1.1": ["title"],
        "S1.2": ["order"],
        "S1.3": ["family"],
        "S1.4": ["shared"],
        "S2.2": ["words", "batch"],
        "S2.3": ["arguments"],
        "S2.4": ["trace"],
        "S2.5": ["picture", "arguments"],
        "question 1": ["one-unit", "lstm"],
        "question 2": ["shared", "lstm"],
        "question 3": ["units", "explore"],
        "question 10": ["unroll"],
        "question 11": ["own"],
        "question 12": ["parameters-steps"],
    },
    "02_stacking": {
        "S0.14": ["picture", "columns", "refused", "repaired", "deep"],
        "S0.15": ["tagger", "encoder-picture", "handed", "seq2seq"],
        "S1.1": ["title"],
        "question 6": ["refused", "repaired", "axes", "axes-repair"],
        "question 11": ["own-unrolled", "own-rolled", "own-model"],
    },
}
"""Lesson → row → the cells that show it. A row's last cell runs, and asserts or draws."""
