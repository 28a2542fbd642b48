"""A layer under TimeDistributed is applied to every step, however many there are.

On TensorFlow an open time axis is mapped over as many steps as there are rows: ops.shape(inputs) is taken
before rows and steps are swapped. predict does it as soon as a second length has come.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

model = keras.Sequential([keras.Input((None, 4)), keras.layers.TimeDistributed(keras.layers.Dense(3)), keras.layers.LSTM(2)])
wrong = False
for steps in (5, 6, 7):
    x = np.random.default_rng(0).uniform(-1, 1, (3, steps, 4)).astype("float32")
    expected = keras.ops.convert_to_numpy(model(x))
    found = model.predict(x, verbose=0)
    print("expected", expected[0].round(4), f"of {steps} steps")
    print("found   ", found[0].round(4))
    wrong |= bool(np.abs(found - expected).max() > 1e-4)
sys.exit(int(wrong))
