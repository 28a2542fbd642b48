"""A dropout rate outside 0 to 1 is refused.

keras.layers.Dropout raises ValueError; the recurrent cells compute min(1, max(0, rate)) and take it in
silence.
Exits 1 while the fault is there, else 0.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras

taken = []
for kind in (keras.layers.Dropout, keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN):
    for name in ("rate",) if kind is keras.layers.Dropout else ("dropout", "recurrent_dropout"):
        try:
            kind(**({} if name == "rate" else {"units": 2}), **{name: 1.5})
            taken.append(f"{kind.__name__}({name}=1.5)")
        except ValueError as error:
            print(kind.__name__, "refuses it:", str(error).splitlines()[0])

print("expected ValueError each time")
print("found   ", f"no error for {', '.join(taken)}" if taken else "ValueError each time")
sys.exit(int(bool(taken)))
