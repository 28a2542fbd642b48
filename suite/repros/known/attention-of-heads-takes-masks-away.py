"""A call leaves the mask of its inputs as it was: a layer that reads the same tensor afterwards gets it too.

MultiHeadAttention sets the mask of query, value and key to None on the caller's own tensors. An LSTM on the
same tensor, or the residual sum, then reads the padding, without a warning. GroupQueryAttention is right.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.array([[[1, 2], [3, -1], [0, 0]]], "float32")  # the third step is padding
lstm = keras.layers.LSTM(2)
masked = keras.layers.Masking()(x)
expected = keras.ops.convert_to_numpy(lstm(masked))
keras.layers.MultiHeadAttention(2, 3)(masked, masked)
found = keras.ops.convert_to_numpy(lstm(masked))
print("expected", expected.round(4))
print("found   ", found.round(4), "after a call of MultiHeadAttention")
sys.exit(int(np.abs(found - expected).max() > 1e-5))
