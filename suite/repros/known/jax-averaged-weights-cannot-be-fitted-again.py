"""A model whose optimizer averages its weights is fitted a second time like any other.

On JAX the second fit raises an error, and leaves the model without weights. At the end of the first one the
array of each average is assigned to the weight itself: both hold one buffer, which the next step of training
donates twice. TensorFlow and torch are right.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

model = keras.Sequential([keras.Input((3, 1)), keras.layers.LSTM(2)])
model.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
x, y = np.ones((2, 3, 1), "float32"), np.ones((2, 2), "float32")
model.fit(x, y, verbose=0)
print("expected a second training without an error")
try:
    model.fit(x, y, verbose=0)
except TypeError as error:
    if "donate the same buffer twice" not in str(error.__context__):
        raise
    print("found   ", type(error).__name__, str(error)[:100], "after", str(error.__context__)[:100])
    sys.exit(1)
print("found    one")
sys.exit(int(False))
