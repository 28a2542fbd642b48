"""A metric of masked sequences counts the valid steps alone.

MeanMetricWrapper alone looks for the mask of the predictions; Precision, Recall, AUC, RootMeanSquaredError and
MeanIoU do not, and CompileMetrics hands none on, as metrics or as weighted_metrics.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

x = np.array([[[1.0], [1.0], [0.0], [0.0]]], "float32")  # two steps, and padding
model = keras.Sequential([keras.Input((4, 1)), keras.layers.Masking(), keras.layers.Rescaling(0.5, 0.5)])
model.compile(loss="mse", metrics=["mae", keras.metrics.RootMeanSquaredError()], weighted_metrics=[keras.metrics.AUC()])
answers = [model.evaluate(x, np.array([[[1], [0], [last], [last]]], "float32"), verbose=0)[1:] for last in (0, 1)]
print("expected the same, whatever the targets of padding are:", np.round(answers[0], 4))
print("found   ", np.round(answers[1], 4))
sys.exit(int(np.abs(np.subtract(*answers)).max() > 1e-6))
