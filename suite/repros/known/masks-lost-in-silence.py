"""What loses a mask says so: a warning at the latest when the model is built.

Four ways lose it in silence: slicing is no layer and carries no mask on, Dot says that it supports masking
and computes None, Add has None where one input has no mask, and Concatenate joins by any(), so that one
unmasked input makes every step valid.
Exits 1 while the fault is there, else 0.
"""
import os
import sys
import warnings

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

ways = {
    "x[:, 1:]": lambda x, plain: x[:, 1:],
    "Dot": lambda x, plain: keras.layers.Dot(axes=2)([x, x]),
    "Add": lambda x, plain: keras.layers.Add()([x, plain]),
    "Concatenate": lambda x, plain: keras.layers.Concatenate()([x, plain]),
}
data = np.array([[[1, 2], [3, 4], [0, 0]]], "float32"), np.ones((1, 3, 2), "float32")  # the first one's last step is padding
silent = []
for name, way in ways.items():
    inputs = keras.Input((3, 2)), keras.Input((3, 2))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        y = way(keras.layers.Masking()(inputs[0]), inputs[1])
        keras.Model(inputs, keras.layers.LSTM(2)(y))(data)
        mask = getattr(way(keras.layers.Masking()(data[0]), data[1]), "_keras_mask", None)
    lost = mask is None or bool(keras.ops.all(mask))
    if lost and not any("mask" in str(each.message) for each in said):
        silent.append(name)
print("expected the mask, or a warning that it is lost")
print("found   ", f"neither after {', '.join(silent)}" if silent else "that each time")
sys.exit(int(bool(silent)))
