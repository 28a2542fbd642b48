"""A layer under TimeDistributed is at every step what it is alone.

TimeDistributed calls layer.call, past Layer.__call__: a quantized kernel is read without its scale, a policy is
not heard, and regularizers of outputs add nothing.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

x = np.random.default_rng(0).uniform(-1, 1, (2, 3, 4)).astype("float32")
numpy = keras.ops.convert_to_numpy
dense = keras.layers.Dense(5)
around = keras.layers.TimeDistributed(dense)
around(x)
dense.quantize("int8")
expected, found = numpy(dense(x))[0, 0], numpy(around(x))[0, 0]
print("expected", expected.round(3), "of int8")
print("found   ", found.round(3))
around = keras.layers.TimeDistributed(keras.layers.Dense(5, activity_regularizer="l2"))
around(x)
print("expected losses of the outputs' regularizer")
print("found   ", len(around.losses))
sys.exit(int(np.abs(found - expected).max() > 0.1 or not around.losses))
