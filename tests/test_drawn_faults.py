import ast

import pytest

from tests.faults.base import installed
from tests.faults.changes import Changes, differs, fault
from tests.faults.drawn import MOST_AT_A_LINE, drawn

TEXT = '''
class Layer:
    def __init__(self, units, kernel_regularizer=None, use_bias=True):
        """What it is."""
        self.units = units
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = None
        if units < 1:
            raise ValueError(f"{units + 1} is no size")

    def call(self, inputs, mask=None):
        inputs = self.dropped(inputs, rate=0.5)
        if mask is not None and self.units > 2:
            inputs = inputs * mask
        return inputs[:, -1], self.add(inputs, self.kernel_regularizer)

    def __repr__(self):
        return "a" + self.name
'''


def told():
    data = TEXT.encode()
    return {differs(data[c.start : c.end].decode(), c.new): c for c in Changes(TEXT).found}


@pytest.mark.parametrize("what", [
    "True -> False", "units < 1 -> (units <= 1)", "units < 1 -> True", "1 -> 0", "inputs * mask -> (inputs / mask)",
    "inputs * mask -> inputs", "mask is not None and self.units > 2 -> (mask is not None or self.units > 2)",
    "self.kernel_regularizer -> self.bias_regularizer", "inputs = inputs * mask -> pass", "0.5 -> 1.0",
    "self.dropped(inputs, rate=0.5) -> self.dropped(inputs)",
])
def test_what_is_changed(what):
    assert what in told()


def test_what_an_error_says_and_a_layers_words_are_left_alone():
    assert not [c for c in told().values() if c.function == "Layer.__repr__" or c.line == 9]


def test_a_change_is_near_the_lines_of_its_statement():
    assert told()["True -> False"].statement == range(5, 6)  # a default: the function's first statement
    assert told()["units < 1 -> True"].statement == range(8, 9)  # of one with a body: its head


def test_each_change_makes_another_module_with_one_place_to_find():
    for change in Changes(TEXT).found:
        made = fault("some.module", TEXT, change)
        assert TEXT.count(made.old) == 1
        assert ast.dump(ast.parse(made.changed(TEXT))) != ast.dump(ast.parse(TEXT)) or made.old == made.new


def test_faults_are_drawn_of_lines_that_are_come_by_alone_and_alike_each_time():
    module = "keras.src.layers.rnn.gru"
    lines = frozenset(range(1, installed(module).count("\n")))
    some = drawn(module, lines, 30, 0)
    assert len(some) == 30 and [*some] == [*drawn(module, lines, 30, 0)] != [*drawn(module, lines, 30, 1)]
    first = [int(one.name.split()[0]) for one in some]
    assert max(map(first.count, first)) <= MOST_AT_A_LINE
    assert drawn(module, frozenset(), 30, 0) == {}
