"""What stands at a masked step reaches no gradient.

NaN there makes the gradients NaN, though the outputs are right: the backends compute the cell at masked steps
too and choose with where() afterwards; the gradient of the branch that is not taken is 0 * NaN. So a training
step leaves no weight finite.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

keras.utils.set_random_seed(0)
layer = keras.layers.SimpleRNN(2)
inputs, mask = keras.Input((3, 1)), keras.Input((3,), dtype="bool")
model = keras.Model([inputs, mask], layer(inputs, mask=mask))
model.compile("sgd", loss="mse")
x = np.array([[[1], [2], [np.nan]]], "float32")
batch = [x, np.array([[True, True, False]])]
outputs = keras.ops.convert_to_numpy(model(batch))
model.train_on_batch(batch, np.ones((1, 2), "float32"))
found = layer.get_weights()[0]
print("expected finite weights after a step, as the outputs are:", outputs.round(4))
print("found   ", found)
sys.exit(int(not np.isfinite(found).all()))
