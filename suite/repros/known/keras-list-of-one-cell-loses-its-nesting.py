"""RNN over a list of one cell is RNN over that cell.

With a mask it raises an error, on JAX without one too: StackedRNNCells.call unpacks the states if there is
one cell (`if len(new_states) == 1: new_states = new_states[0]`), so that after the first step they are no
longer nested as they were.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
cell = keras.layers.LSTMCell(2)
x, mask = np.ones((1, 3, 2), "float32"), np.array([[True, True, False]])
expected = keras.ops.convert_to_numpy(keras.layers.RNN(cell)(x, mask=mask))
print("expected", expected.round(4))
try:
    found = keras.ops.convert_to_numpy(keras.layers.RNN([cell])(x, mask=mask))
except (IndexError, ValueError, TypeError) as error:
    print("found   ", type(error).__name__, str(error).splitlines()[0])
    sys.exit(1)
print("found   ", found.round(4))
sys.exit(int(np.abs(found - expected).max() > 1e-5))
