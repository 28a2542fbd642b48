"""Adam's first step is the learning rate, the same for every row of an Embedding that was read.

On TensorFlow an id that comes twice in a batch gets a larger step. The gradient is a tf.IndexedSlices with an
index for each id, and keras/src/backend/tensorflow/sparse.py squares its values before they are added up: the
second moment is a sum of squares in place of the square of the sum. So it is with every optimizer but SGD;
torch and JAX are right.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

model = keras.Sequential([keras.Input((3,)), keras.layers.Embedding(3, 1, embeddings_initializer="zeros")])
model.compile(keras.optimizers.Adam(0.1), loss="mae")
model.train_on_batch(np.array([[1, 1, 2]]), np.ones((1, 3, 1), "float32"))
found = model.get_weights()[0][:, 0]
expected = np.array([0, 0.1, 0.1])
print("expected", expected.round(4))
print("found   ", found.round(4))
sys.exit(int(np.abs(found - expected).max() > 1e-4))
