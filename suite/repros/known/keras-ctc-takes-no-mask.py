"""The CTC loss takes predictions that carry a mask.

Its losses are one a row, and Loss.__call__ multiplies them by the mask of steps.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

model = keras.Sequential([keras.Input((6, 3)), keras.layers.Masking(), keras.layers.LSTM(5, return_sequences=True)])
model.compile(loss=keras.losses.CTC())
try:
    found = model.evaluate(np.ones((2, 6, 3), "float32"), np.array([[1, 2, 0], [3, 0, 0]]), verbose=0)
except Exception as error:
    found = f"{type(error).__name__} {error}"[:200]
print("expected a number")
print("found   ", found)
sys.exit(int(isinstance(found, str)))
