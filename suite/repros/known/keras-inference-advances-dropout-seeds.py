"""A call in inference changes nothing of what training draws afterwards.

RNN.call draws the masks of its cell before it looks at `training`, and so advances its seed: evaluating
between two training steps changes the second one. keras.layers.Dropout draws in training alone.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.ones((1, 3, 8), "float32")
one, other = (keras.layers.LSTM(16, dropout=0.5, seed=1) for _ in range(2))
for layer in (one, other):
    layer.build(x.shape)
other.set_weights(one.get_weights())

other(x)  # inference, which `one` does not do
expected, found = (keras.ops.convert_to_numpy(layer(x, training=True)) for layer in (one, other))
print("expected", expected[0, :4].round(4))
print("found   ", found[0, :4].round(4), "after a call in inference")
sys.exit(int(np.abs(found - expected).max() > 1e-5))
