"""How good is the suite? Faults planted in Keras and in PyTorch, and whether the suite finds them.

`python -m tests.faults [--family F] [--only NAME] [--jobs N] [--in DIR]`
"""
