"""One sample_weight a row counts for every step of its row.

Where outputs have a time axis, (batch,) is broadcast along time in place of the batch: wrong weights in
silence where batch == time, else an error. fit documents a flat array with one weight a sample.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

x = np.array([[[1], [2]], [[3], [4]]], "float32")  # 2 rows of 2 steps
targets, weights = np.zeros_like(x), np.array([1, 0], "float32")
model = keras.Sequential([keras.Input((2, 1)), keras.layers.Activation("linear")])
model.compile(loss="mse")
expected = float((weights[:, None, None] * x**2).mean())
found = float(model.evaluate(x, targets, sample_weight=weights, verbose=0))
print("expected", expected, "of (1 + 4 + 0 + 0) / 4")
print("found   ", found)
sys.exit(int(abs(found - expected) > 1e-4))
