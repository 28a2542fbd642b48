"""How a framework is asked: backends, subjects in interpreters of their own, verdicts, timing. Run as `pytest suite`."""
