"""Imported before an adapter is, in the process that interpreters are forked from: what is compiled of this project is kept."""

from suite.bytecode import keep

keep()
