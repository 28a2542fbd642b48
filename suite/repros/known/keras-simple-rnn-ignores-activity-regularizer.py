"""A layer with an activity_regularizer adds its loss when it is called.

SimpleRNN.__init__ names the argument and does not pass it on to RNN.__init__, as LSTM and GRU do: nothing is
added.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

x = np.ones((1, 2, 3), "float32")
wrong = False
for kind in (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN):
    layer = kind(4, activity_regularizer="l2")
    layer(x)
    print("expected 1 loss of", kind.__name__)
    print("found   ", len(layer.losses))
    wrong |= len(layer.losses) != 1
sys.exit(int(wrong))
