"""A layer that works on every step alone passes the mask on: an LSTM behind it leaves the padding out.

EinsumDense does not set supports_masking, as Dense does, so that the mask is destroyed (with a warning), and
the LSTM reads the padding. So it is with RMSNormalization, where LayerNormalization is right.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.array([[[1, 2], [3, -1], [0, 0]]], "float32")  # the third step is padding
wrong = False
for layer in (keras.layers.Dense(3), keras.layers.EinsumDense("abc,cd->abd", output_shape=(None, 3))):
    lstm = keras.layers.LSTM(2)
    expected = keras.ops.convert_to_numpy(lstm(layer(x[:, :2])))
    found = keras.ops.convert_to_numpy(lstm(layer(keras.layers.Masking()(x))))
    print("expected", expected.round(4))
    print("found   ", found.round(4), "behind", type(layer).__name__)
    wrong |= np.abs(found - expected).max() > 1e-5
sys.exit(int(wrong))
