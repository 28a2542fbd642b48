"""A configuration is as it was after a layer was made of it.

RNN.from_config, StackedRNNCells.from_config and Wrapper.from_config take the cell, or the layer, out of the
user's dict (config.pop): a second layer cannot be made of it. Bidirectional.from_config copies it first.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras

config = keras.layers.RNN(keras.layers.LSTMCell(2)).get_config()
expected = sorted(config)
keras.layers.RNN.from_config(config)
found = sorted(config)
print("expected", expected)
print("found   ", found)
sys.exit(int(found != expected))
