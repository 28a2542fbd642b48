"""A mask that a layer destroys, with a warning, does not reach the layers behind it.

Where a Lambda changes nothing it still does on JAX: Keras attaches the mask to the tensor, and JAX returns
its operand itself. The symbolic tensor had no mask. TensorFlow and torch return a new tensor, so that one
model computes different things.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.array([[[1, 2], [3, -1], [0, 0]]], "float32")
lstm = keras.layers.LSTM(2)
expected = keras.ops.convert_to_numpy(lstm(x))
inputs = keras.Input((3, 2))
y = keras.layers.Lambda(lambda x: x[:, 0:])(keras.layers.Masking()(inputs))
model = keras.Model(inputs, lstm(y))
found = keras.ops.convert_to_numpy(model(x))
print("expected", expected.round(4), "for no mask is left")
print("found   ", found.round(4))
sys.exit(int(np.abs(found - expected).max() > 1e-5))
