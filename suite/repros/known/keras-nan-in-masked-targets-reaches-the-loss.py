"""What stands in a target at a masked step does not count in the loss.

NaN there makes the loss NaN, and with it all gradients: keras/src/losses/loss.py multiplies the values by the
mask, and 0 * NaN is NaN.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.array([[[1], [2], [0]]], "float32")  # the third step is padding
model = keras.Sequential([keras.Input((3, 1)), keras.layers.Masking(), keras.layers.Dense(1)])
model.compile(loss="mse")
expected = model.evaluate(x, np.array([[[1], [2], [0]]], "float32"), verbose=0)
found = model.evaluate(x, np.array([[[1], [2], [np.nan]]], "float32"), verbose=0)
print("expected", round(expected, 4))
print("found   ", round(found, 4))
sys.exit(int(not abs(found - expected) < 1e-5))
