"""Cells of several dtype policies run in one loop.

RNN.call casts all initial states to the dtype of StackedRNNCells, and not each to its cell's: the loop refuses a
state that comes back in another dtype.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

cells = [keras.layers.LSTMCell(3, dtype="mixed_bfloat16"), keras.layers.GRUCell(4)]
try:
    model = keras.Sequential([keras.Input((5, 2)), keras.layers.RNN(cells)])
    found = model.predict(np.ones((2, 5, 2), "float32"), verbose=0).shape
except (TypeError, ValueError, RuntimeError) as error:
    found = f"{type(error).__name__} {error}"[:200]
print("expected", (2, 4))
print("found   ", found)
sys.exit(int(found != (2, 4)))
