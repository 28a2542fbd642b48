"""Hands pytest the suite's plugin; nothing else."""

pytest_plugins = ["suite.plugin"]
