"""The two directions of a Bidirectional layer draw their dropout each for itself.

With a seed they drop the same features: the backward layer is made from the configuration of the forward one,
seed included. Over one step, with equal weights in both, the outputs of both directions are then equal.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.ones((1, 1, 32), "float32")
wrong = False
for kind in (keras.layers.LSTM, keras.layers.GRU):
    layer = keras.layers.Bidirectional(kind(2, dropout=0.5, seed=1), merge_mode=None)
    layer.build(x.shape)
    layer.backward_layer.set_weights(layer.forward_layer.get_weights())
    forward, backward = (keras.ops.convert_to_numpy(y) for y in layer(x, training=True))
    print(kind.__name__)
    print("expected two outputs that are not equal")
    print("found   ", forward.round(4), backward.round(4))
    wrong |= np.array_equal(forward, backward)
sys.exit(int(wrong))
