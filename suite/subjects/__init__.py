"""Subjects: a backend × version × device, in an interpreter of its own. Start, ask, time out, restart; discovery."""
