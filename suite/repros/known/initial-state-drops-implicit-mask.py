"""A layer reads the mask of its inputs whether it is given an initial_state or not.

With one the mask that comes from the layer before is lost in silence: with two tensor arguments
keras/src/layers/layer.py looks for a mask argument named `sequences_mask`, and that of RNN.call is `mask`.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.array([[[1, 2], [3, -1], [0, 0]]], "float32")  # the third step is padding
states = [np.full((1, 2), 0.5, "float32")] * 2
lstm = keras.layers.LSTM(2)
expected = keras.ops.convert_to_numpy(lstm(x[:, :2], initial_state=states))
found = keras.ops.convert_to_numpy(lstm(keras.layers.Masking()(x), initial_state=states))
print("expected", expected.round(4), "as without the padding")
print("found   ", found.round(4))
sys.exit(int(np.abs(found - expected).max() > 1e-5))
