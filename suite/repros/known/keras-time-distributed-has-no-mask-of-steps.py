"""Behind TimeDistributed over words a step without a valid word is masked.

TimeDistributed has no compute_mask: the mask of words goes on, and where there are as many words as units the
next layer takes it for one of units, in silence. Keras 2 made it a mask of steps.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

x = np.random.default_rng(0).uniform(0.1, 1, (2, 3, 4, 5)).astype("float32")
x[0, 2], x[1, 1, 2:] = 0, 0  # a sentence that is padding, and one of two words
words = np.any(x != 0, axis=-1)
reader, above = keras.layers.TimeDistributed(keras.layers.LSTM(4)), keras.layers.LSTM(4)
sentences = reader(keras.layers.Masking()(x))
found = keras.ops.convert_to_numpy(above(sentences))
plain = keras.ops.convert_to_tensor(keras.ops.convert_to_numpy(sentences))
expected = keras.ops.convert_to_numpy(above(plain, mask=keras.ops.convert_to_tensor(words.any(axis=2))))
print("expected", expected.round(4).tolist())
print("found   ", found.round(4).tolist())
sys.exit(int(np.abs(found - expected).max() > 1e-4))
