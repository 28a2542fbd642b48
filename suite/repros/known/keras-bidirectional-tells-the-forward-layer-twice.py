"""The shape that a layer tells beforehand is that of its outputs.

Bidirectional.compute_output_shape doubles the width of the forward layer; a call joins the outputs of both
layers. Over LSTM(5) and LSTM(4) a model tells 10 features, a Dense behind it is built for 10, and gets 9.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

layer = keras.layers.Bidirectional(
    keras.layers.LSTM(5, return_sequences=True),
    backward_layer=keras.layers.LSTM(4, return_sequences=True, go_backwards=True),
)
x = np.ones((2, 3, 1), "float32")
came = tuple(layer(x).shape)
told = tuple(layer.compute_output_shape(x.shape))
print("expected", came, "told beforehand, as it came")
print("found   ", told)
sys.exit(int(told != came))
