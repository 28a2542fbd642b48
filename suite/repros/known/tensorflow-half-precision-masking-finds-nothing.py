"""Masking masks the steps that hold its number, in half precision, too.

On TensorFlow inputs are rounded to bfloat16, and compared with the number in float32: -999 became -1000.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

x = np.ones((1, 3, 2), "float32")
x[:, 1:] = -999
layer = keras.layers.Masking(-999.0, dtype="mixed_bfloat16")
expected = keras.ops.convert_to_numpy(keras.layers.Masking(-999.0).compute_mask(x))
found = keras.ops.convert_to_numpy(layer(x)._keras_mask)
print("expected", expected.tolist())
print("found   ", found.tolist())
sys.exit(int((found != expected).any()))
