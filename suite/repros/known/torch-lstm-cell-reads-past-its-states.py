"""A cell refuses a matrix of states for one bare row of features.

nn.LSTMCell with a square one ends the process by a segmentation fault: the states get a further axis, (1, 5,
5), the kernel compares the second one with hidden_size, which it happens to be, and reads beyond the memory.
It runs in a process of its own here.
Exits 1 while the fault is there, else 0.
"""
import sys
import subprocess


CALL = """
import torch
cell = torch.nn.LSTMCell(3, 5)
try:
    cell(torch.ones(3), (torch.ones(5, 5), torch.ones(5, 5)))
except (RuntimeError, ValueError) as error:
    print(type(error).__name__, error)
else:
    print("no error")
"""
done = subprocess.run([sys.executable, "-c", CALL], capture_output=True, text=True)
if done.returncode > 0:
    sys.exit(done.stderr)
print("expected an error: inputs of shape (3,) with states of shape (5, 5)")
print("found   ", done.stdout.strip() or f"the process ended by signal {-done.returncode}")
sys.exit(int(done.returncode < 0 or done.stdout.startswith("no error")))
