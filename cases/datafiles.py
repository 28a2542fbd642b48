"""The real data sets, where their files lie on disk: found where Keras' own loaders keep them, read, and never fetched.

    imdb    imdb.npz                       reviews as ids of words, and whether each is good
    mnist   mnist.npz                      images of digits, (28, 28), and their labels
    babi    babi-tasks-v1-2.tar.gz         questions about short stories (`cases.babi`)

The folder is `datasets` in $KERAS_HOME, or in ~/.keras.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from cases.babi import BadStories, Question, parse_stories

FILES: Mapping[str, str] = {"imdb": "imdb.npz", "mnist": "mnist.npz", "babi": "babi-tasks-v1-2.tar.gz"}
TASKS: Mapping[str, tuple[str, int]] = {
    "babi-memnn": ("tasks_1-20_v1-2/en-10k/qa1_single-supporting-fact_train.txt", 10_000),
    "babi-rnn": ("tasks_1-20_v1-2/en/qa2_two-supporting-facts_train.txt", 1_000),
}
"""Scenario -> the member of the archive that its example trains on, and how many questions it has."""
TESTS: Mapping[str, tuple[str, int]] = {name: (member.replace("_train", "_test"), 1_000) for name, (member, _) in TASKS.items()}
"""Scenario -> the member that its example is tested on, and how many questions it has."""
START, UNKNOWN, FIRST = 1, 2, 3
"""What Keras' loader of reviews puts in front of each, in place of a rare word, and adds to every id."""


class BadData(ValueError):
    """A data file that is cut off, or is another file."""


@lru_cache(maxsize=1)
def small_digits() -> tuple[np.ndarray, np.ndarray]:
    """The real digits that scikit-learn carries: images (n, 8, 8) between 0 and 16, labels (n,)."""
    package = find_spec("sklearn").origin  # its file alone: to import it takes longer than most of `cases`
    rows = np.loadtxt(Path(package).with_name("datasets") / "data" / "digits.csv.gz", delimiter=",")
    return rows[:, :-1].reshape(-1, 8, 8), rows[:, -1].astype(int)


def folder() -> Path:
    """Where Keras keeps data sets."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"


def located(name: str) -> Path | None:
    """The file of a data set, or None where there is none."""
    path = folder() / FILES[name]
    return path if path.is_file() else None


def reviews(path: Path, words: int) -> tuple[list[list[int]], np.ndarray]:
    """The training reviews, ids below `words`, as `keras.datasets.imdb.load_data(num_words=words)` gives them, and labels.

    Raises BadData. The file keeps lists as objects, so numpy must unpickle them, as Keras' loader does.
    """
    x, y = arrays(path, "x_train", "y_train", objects=True)
    order = np.arange(len(x))
    np.random.RandomState(113).shuffle(order)
    try:
        rows = [[START, *(i + FIRST for i in x[row])] for row in order]
    except TypeError as problem:
        raise BadData(f"{path}: x_train holds no lists of ids: is it another file? ({problem})") from None
    return [[i if i < words else UNKNOWN for i in row] for row in rows], np.asarray(y)[order]


def digits(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The training images, (n, 28, 28) from 0 to 255, and labels. Raises BadData."""
    x, y = arrays(path, "x_train", "y_train")
    if x.shape[1:] != (28, 28) or len(x) != len(y):
        raise BadData(f"{path}: images of shape {x.shape}, labels of shape {y.shape}: expected (n, 28, 28) and (n,)")
    return x, y


def arrays(path: Path, *names: str, objects: bool = False) -> list[np.ndarray]:
    """Arrays of an .npz file by name. Raises BadData where it is cut off or has none of that name."""
    if not zipfile.is_zipfile(path):  # numpy would unpickle whatever it is
        raise BadData(f"{path} is no .npz file: is it cut off, or another file? Fetch it again.")
    try:
        with np.load(path, allow_pickle=objects) as found:
            return [found[name] for name in names]
    except KeyError as problem:
        raise BadData(f"{path}: {str(problem.args[0])[:80]}: expected {', '.join(names)}; is it another file?") from None
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as problem:
        raise BadData(f"{path} cannot be read: is it cut off, or another file? Fetch it again. ({problem})") from None


def questions(path: Path, scenario: str, test: bool = False, only_supporting: bool = True) -> list[Question]:
    """The questions that a scenario's example trains on, or is tested on, with their supporting sentences alone unless all are
    asked for. Raises BadData."""
    member, count = (TESTS if test else TASKS)[scenario]
    try:
        with tarfile.open(path) as archive, archive.extractfile(member) as file:
            text = file.read().decode()
        return parse_stories(text, only_supporting, expected=count)
    except KeyError:
        raise BadData(f"{path} has no {member}: is it another file?") from None
    except (OSError, EOFError, tarfile.TarError, zlib.error, UnicodeDecodeError) as problem:
        raise BadData(f"{path} cannot be read: is it cut off, or another file? Fetch it again. ({problem})") from None
    except BadStories as problem:
        raise BadData(f"{path}, {member}: {problem}") from None
