"""A cell refuses a matrix of states for one bare row of features.

LSTMCell takes inputs of shape (features,) with states of shape (4, units) in silence, and gives a matrix: it
adds whatever broadcasts. Until Keras 3.11 it added in place, which refused this.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

cell = keras.layers.LSTMCell(3)
cell.build((None, 2))
row, states = np.ones(2, "float32"), [np.ones((4, 3), "float32")] * 2
cell(np.ones((4, 2), "float32"), states)  # as it should be called
try:
    output, _ = cell(row, states)
    found = f"no error, and an output of shape {tuple(output.shape)}"
except Exception as error:
    found = f"{type(error).__name__} {error}"

print("expected an error: inputs of shape (2,) with states of shape (4, 3)")
print("found   ", found)
sys.exit(int(found.startswith("no error")))
