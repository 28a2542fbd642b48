"""Dropout under TimeDistributed draws anew at every step.

On TensorFlow an open time axis goes through vectorized_map, which traces the layer, and its seed, once: every
step drops the same. Of a number of steps that is set each is drawn anew.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

inputs = keras.Input((None, 8))
model = keras.Model(inputs, keras.layers.TimeDistributed(keras.layers.Dropout(0.5))(inputs, training=True))
model.predict(np.ones((4, 5, 8), "float32"), verbose=0)  # a first number of steps: the second opens the axis
found = model.predict(np.ones((4, 4, 8), "float32"), verbose=0)
same = all((found[:, step] == found[:, 0]).all() for step in range(1, 4))
print("expected steps that differ")
print("found   ", "all 4 steps dropped the same" if same else "they differ")
sys.exit(int(same))
