"""The kinds of cells that Keras has layers for, as the tests ask for them."""

from course_utils.recurrence.kinds import KINDS, OF_KERAS

BLOCKS = {name: KINDS[name].letters for name in OF_KERAS}
STATES = {name: len(KINDS[name].states) for name in OF_KERAS}
WORDS = {name: KINDS[name].blocks for name in OF_KERAS}
