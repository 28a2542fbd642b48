"""A layer made from the configuration of another one has the options that the other one was given.

use_cudnn and implementation of LSTM and GRU are not in get_config: a cloned or loaded layer has the defaults.
A model made with use_cudnn=False so that it can be exported comes back with "auto"; implementation=1 drops by
other masks.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras

def options(layer):
    return {"use_cudnn": layer.use_cudnn, "implementation": layer.cell.implementation}


wrong = False
for kind in (keras.layers.LSTM, keras.layers.GRU):
    layer = kind(2, use_cudnn=False, implementation=1)
    again = kind.from_config(layer.get_config())
    print("expected", options(layer))
    print("found   ", options(again))
    wrong |= options(again) != options(layer)
sys.exit(int(wrong))
