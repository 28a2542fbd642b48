"""Hands pytest the suite's plugin; nothing else."""

import os

# Before numpy is imported: the reference multiplies small matrices, and BLAS threads would only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

pytest_plugins = ["suite.plugin"]
