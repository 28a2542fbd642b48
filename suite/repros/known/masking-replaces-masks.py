"""Masking behind another layer keeps the mask that comes in: a step that was padding stays padding.

Masking.call sets the mask that it makes of its own inputs. Behind a Dense no padded step is the masking value
any more, so that all steps count as valid, without a warning.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.array([[[1, 2], [3, -1], [0, 0]]], "float32")  # the third step is padding
dense, lstm = keras.layers.Dense(2, bias_initializer="ones"), keras.layers.LSTM(2)
expected = keras.ops.convert_to_numpy(lstm(dense(x[:, :2])))
found = keras.ops.convert_to_numpy(lstm(keras.layers.Masking()(dense(keras.layers.Masking()(x)))))
print("expected", expected.round(4), "as without the padding")
print("found   ", found.round(4))
sys.exit(int(np.abs(found - expected).max() > 1e-5))
