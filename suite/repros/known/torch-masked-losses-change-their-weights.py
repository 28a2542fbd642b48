"""A loss leaves the sample weights that it is given as they are.

Of masked predictions on torch it overwrites them: apply_mask in keras/src/losses/loss.py multiplies in place
(`sample_weight *= float_mask`), and a torch tensor of the right dtype is not copied before. In training the
weighted metrics, which come next, are wrong.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

predictions = keras.layers.Masking()(np.array([[[1], [2], [0]]], "float32"))  # the third step is padding
targets = np.zeros((1, 3, 1), "float32")
expected = np.array([[1, 2, 3]], "float32")
weights = keras.ops.convert_to_tensor(expected.copy())
keras.losses.MeanSquaredError()(targets, predictions, sample_weight=weights)
found = keras.ops.convert_to_numpy(weights)
print("expected", expected)
print("found   ", found)
sys.exit(int(not np.array_equal(found, expected)))
