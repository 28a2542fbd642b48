"""A program that was exported with open axes runs batches of any number of rows and steps.

Model.export(format="torch") traces with two rows and two steps, and torch.export unrolls the loop: three
steps are refused by a guard. Without dynamic_shapes both axes are fixed to 1.
Exits 1 while the fault is there, else 0.
"""
import os
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
import torch
from torch.export import Dim

keras.utils.set_random_seed(0)
x = torch.tensor(np.arange(6, dtype="float32").reshape(1, 3, 2) / 10)
model = keras.Sequential([keras.Input((None, 2)), keras.layers.SimpleRNN(2)])
expected = model(x).detach().numpy()
print("expected", expected.round(4))
with tempfile.TemporaryDirectory() as folder:
    path = f"{folder}/model.pt2"
    model.export(path, format="torch", dynamic_shapes={0: Dim.AUTO, 1: Dim.AUTO}, verbose=False)
    program = torch.export.load(path).module()
try:
    found = program(x).detach().numpy()
except (AssertionError, RuntimeError) as error:
    if "Guard failed" not in str(error):
        raise
    print("found   ", type(error).__name__, error)
    sys.exit(1)
print("found   ", found.round(4))
sys.exit(int(np.abs(found - expected).max() > 1e-5))
