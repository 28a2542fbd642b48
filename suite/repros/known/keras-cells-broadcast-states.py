"""A cell refuses a state of one row for a batch of four.

LSTMCell, GRUCell and SimpleRNNCell take a state of shape (1, units) in silence and broadcast it over the
rows: they multiply and add, and look at no shape.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

x = np.ones((4, 2), "float32")
taken = []
for cell in (keras.layers.LSTMCell(3), keras.layers.GRUCell(3), keras.layers.SimpleRNNCell(3)):
    states = cell.get_initial_state(batch_size=4)
    cell(x, states)  # as it should be called
    try:
        cell(x, [state[:1] for state in states])
        taken.append(type(cell).__name__)
    except Exception as error:
        print(type(cell).__name__, "refuses it:", error)

print("expected an error: states of shape (1, 3) for 4 rows")
print("found   ", f"no error for {', '.join(taken)}" if taken else "an error each time")
sys.exit(int(bool(taken)))
