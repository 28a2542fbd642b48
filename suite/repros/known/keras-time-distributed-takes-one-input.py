"""TimeDistributed takes nested inputs, each of shape (batch, time, ...), as its documentation says.

build and call read the shape of one tensor.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

given = [keras.Input((4,)), keras.Input((3,))]
inside = keras.Model(given, keras.layers.Concatenate()(given))
x = [np.ones((2, 5, 4), "float32"), np.ones((2, 5, 3), "float32")]
try:
    found = tuple(keras.layers.TimeDistributed(inside)(x).shape)
except ValueError as error:
    found = f"ValueError {error}"
print("expected", (2, 5, 7))
print("found   ", found)
sys.exit(int(found != (2, 5, 7)))
