"""An optimizer with weight decay that excludes every weight steps as one without weight decay.

On torch it raises: keras/src/backend/torch/optimizers/torch_optimizer.py hands the list of weights that decay
to torch._foreach_mul_, which takes no empty list. TensorFlow and JAX are right.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

weight = keras.Variable([1.0, 2.0])
optimizer = keras.optimizers.SGD(0.1, weight_decay=0.5)
optimizer.exclude_from_weight_decay(var_list=[weight])
expected = np.array([0.9, 1.9])
print("expected", expected)
try:
    optimizer.apply([keras.ops.ones(2)], [weight])
except RuntimeError as error:
    if "at least one tensor" not in str(error):
        raise
    print("found    RuntimeError", error)
    sys.exit(1)
found = keras.ops.convert_to_numpy(weight)
print("found   ", found)
sys.exit(int(np.abs(found - expected).max() > 1e-5))
