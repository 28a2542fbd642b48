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

import tensorflow as tf

layer = keras.layers.TimeDistributed(keras.layers.Dropout(0.5))
layer.build((None, None, 8))
run = tf.function(lambda x: layer(x, training=True), input_signature=[tf.TensorSpec((None, None, 8))])
found = run(np.ones((4, 4, 8), "float32")).numpy()
same = all((found[:, step] == found[:, 0]).all() for step in range(1, 4))
print("expected steps that differ")
print("found   ", "all 4 steps dropped the same" if same else "they differ")
sys.exit(int(same))
