"""Movies of moving squares, as in Keras' example of ConvLSTM: each starts at random, and moves straight on.

Read from `examples/conv_lstm.py` of Keras 1 and 2 (`generate_movies`): 3 to 7 squares of 2 or 3 pixels to each side of
their middle, one step a frame; frames are made at twice their size, and the middle is cut out, so that squares come and
go. To the inputs, not to the targets, noise is added: a square, one pixel larger, of plus or minus 0.1, with probability 1/2.
Values lie in [0, 1]. The target of a frame is the next one.
"""

from __future__ import annotations

import numpy as np


def movies(
    random: np.random.Generator, count: int, frames: int, size: int, squares: tuple[int, int] = (3, 7),
    half: tuple[int, int] = (2, 3),
) -> tuple[np.ndarray, np.ndarray]:
    """Noisy movies and their targets, (count, frames, size, size, 1) each: the frames, and each one's next.

    squares: how many there may be, both ends included; half: half of a square's width.
    """
    wide = 2 * size
    noisy, clean = (np.zeros((count, frames + 1, wide, wide)) for _ in range(2))
    for movie in range(count):
        for _ in range(random.integers(squares[0], squares[1] + 1)):
            start = random.integers(size // 2, wide - size // 2, 2)
            step = random.integers(-1, 2, 2)
            width = random.integers(half[0], half[1] + 1)
            for frame in range(frames + 1):
                x, y = start + step * frame
                clean[movie, frame, max(x - width, 0) : x + width, max(y - width, 0) : y + width] = 1.0
                noisy[movie, frame, max(x - width, 0) : x + width, max(y - width, 0) : y + width] += 1.0
                if random.integers(2):
                    sign = random.choice([-0.1, 0.1])
                    noisy[movie, frame, max(x - width - 1, 0) : x + width + 1, max(y - width - 1, 0) : y + width + 1] += sign
    cut = slice(size // 2, size // 2 + size)
    noisy, clean = (np.clip(a[:, :, cut, cut, None], 0.0, 1.0) for a in (noisy, clean))
    return noisy[:, :-1], clean[:, 1:]
