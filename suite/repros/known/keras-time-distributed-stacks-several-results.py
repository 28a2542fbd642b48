"""TimeDistributed over a layer of several results gives each of them for every step.

The tuple of each step is stacked as one more axis, and the wrong axes are swapped.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

x = np.ones((2, 3, 4, 5), "float32")
layer = keras.layers.LSTM(6, return_state=True)
expected = [tuple(one.shape[:1]) + (3,) + tuple(one.shape[1:]) for one in layer(x[:, 0])]
found = [tuple(one.shape) for one in keras.layers.TimeDistributed(layer)(x)]
print("expected", expected)
print("found   ", found)
sys.exit(int(found != expected))
