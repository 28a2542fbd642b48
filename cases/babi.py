"""Question-answering text in the bAbI format: generated, split into tokens, parsed, turned into ids.

    1 Mary moved to the bathroom.
    2 John went to the hallway.
    3 Where is Mary?<TAB>bathroom<TAB>1

    1 John went to the kitchen.
    2 John got the apple there.
    3 John moved to the garden.
    4 Where is the apple?<TAB>garden<TAB>2 3

A line is its number in its story and a sentence; a question's line holds the answer and the numbers of the sentences
that support it too. Number 1 begins a new story (Weston et al., "Towards AI-complete question answering", 2015).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np

PERSONS = ("Mary", "John", "Daniel", "Sandra")
PLACES = ("bathroom", "hallway", "garden", "office", "kitchen", "bedroom")
MOVES = ("moved to", "went to", "journeyed to", "travelled to", "went back to")
OBJECTS = ("football", "apple", "milk")
TAKES = ("took", "got", "grabbed", "picked up")
DROPS = ("dropped", "discarded", "put down", "left")


class BadStories(ValueError):
    """A text that is not in the bAbI format, or that was cut off."""


@dataclass(frozen=True)
class Question:
    """What was told before the question, the question, and its answer: tokens."""

    story: tuple[str, ...]
    query: tuple[str, ...]
    answer: str


def picking(random: np.random.Generator) -> Callable[[Sequence[Any]], Any]:
    """Gives one of what it is given, drawn; numbers are drawn thousands at once, for one alone takes long."""
    draws = chain.from_iterable(iter(lambda: random.random(4096).tolist(), None))
    return lambda among: among[int(next(draws) * len(among))]


def generate(questions: int, random: np.random.Generator, sentences: int = 2) -> str:
    """A text with this many questions of one supporting fact: persons move between places; after every `sentences` moves one
    is asked for; a story has up to five questions, as the real ones."""
    pick = picking(random)
    lines: list[str] = []
    for number in range(questions):
        if number % 5 == 0:
            line, seen = 0, {}
        for _ in range(sentences):
            line += 1
            person, place = pick(PERSONS), pick(PLACES)
            seen[person] = (place, line)
            lines.append(f"{line} {person} {pick(MOVES)} the {place}.")
        line += 1
        person = pick(sorted(seen))
        lines.append(f"{line} Where is {person}?\t{seen[person][0]}\t{seen[person][1]}")
    return "\n".join(lines) + "\n"


def generate_two(questions: int, random: np.random.Generator, most: int = 15) -> str:
    """A text with this many questions of two supporting facts: persons take things, move, and put them down again; after two to
    `most` sentences a thing is asked for, which is where its last holder had gone; up to five questions a story."""
    pick = picking(random)
    lines: list[str] = []
    for number in range(questions):
        if number % 5 == 0:
            line, at, held, lies = 0, {}, {}, {}
        for _ in range(pick(range(2, most + 1))):
            line += 1
            person, thing, kind = pick(PERSONS), pick(OBJECTS), pick(range(4))
            if line <= 2:  # somebody goes somewhere, and takes something
                person, kind = (pick(PERSONS), 0) if line == 1 else (next(iter(at)), 2)
            there = pick((" there", ""))
            if kind > 1 and person in at and thing not in held:
                held[thing] = (person, line)
                lies.pop(thing, None)
                lines.append(f"{line} {person} {pick(TAKES)} the {thing}{there}.")
            elif kind == 1 and thing in held:
                person = held.pop(thing)[0]
                lies[thing] = (at[person][0], at[person][1], line)
                lines.append(f"{line} {person} {pick(DROPS)} the {thing}{there}.")
            else:
                at[person] = (pick(PLACES), line)
                lines.append(f"{line} {person} {pick(MOVES)} the {at[person][0]}.")
        line += 1
        thing = pick(sorted({*held, *lies}))
        place, *facts = lies.get(thing) or (*at[held[thing][0]], held[thing][1])
        lines.append(f"{line} Where is the {thing}?\t{place}\t{' '.join(map(str, sorted(facts)))}")
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=4096)  # stories are made of few sentences
def tokenize(sentence: str) -> tuple[str, ...]:
    """The words and the marks of a sentence.

    >>> tokenize("Where is Mary?")
    ('Where', 'is', 'Mary', '?')
    """
    return tuple(token for token in re.split(r"(\W)", sentence) if token.strip())


def parse_stories(text: str, only_supporting: bool = False, expected: int | None = None) -> list[Question]:
    """Every question with the story before it, or with the supporting sentences alone.

    Raises BadStories, with the number of the line, for what is not in the format, for a text whose last line was cut
    off, for none, or for another number of questions than `expected`.
    """
    if not text.strip():
        raise BadStories("no line in the text: is the file empty, or its download cut off?")
    if not text.endswith("\n"):
        raise BadStories(f"line {text.count(chr(10)) + 1} has no end: the text was cut off, fetch the file again")
    found: list[Question] = []
    story: dict[int, tuple[str, ...]] = {}
    due = 1
    for place, line in enumerate(text.splitlines(), 1):
        match = re.fullmatch(r"(\d+) (.+)", line)
        if match is None:
            raise BadStories(f"line {place}: {line[:60]!r}: expected a number and a sentence")
        number, rest = int(match[1]), match[2]
        if number == 1:
            story, due = {}, 1
        if number != due:
            raise BadStories(f"line {place} has the number {number}: expected {due} or 1; lines are missing")
        due += 1
        if "\t" not in rest:
            story[number] = tokenize(rest)
            continue
        parts = rest.split("\t")
        if len(parts) != 3 or not all(one.isdigit() and int(one) in story for one in parts[2].split()) or not parts[2]:
            raise BadStories(
                f"line {place}: expected question, answer and numbers of earlier sentences, set off by tabs"
            )
        told = [story[int(one)] for one in parts[2].split()] if only_supporting else story.values()
        found.append(Question(tuple(token for one in told for token in one), tokenize(parts[0]), parts[1]))
    if expected is not None and len(found) != expected:
        raise BadStories(f"{len(found)} questions in the text: expected {expected}; is it another file, or cut off?")
    return found


def vocabulary(questions: Iterable[Question]) -> dict[str, int]:
    """Token -> id, in the order of the alphabet; ids begin with 1, for 0 is padding."""
    tokens = {token for q in questions for token in (*q.story, *q.query, q.answer)}
    return {token: number for number, token in enumerate(sorted(tokens), 1)}


def vectorize(
    questions: Sequence[Question], ids: dict[str, int], story_length: int, query_length: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stories (rows, story_length) and queries (rows, query_length), zeros in front; answers (rows, ids + 1), one-hot.

    Raises BadStories for a token without an id; ValueError for a length that does not suffice.
    """
    stories, queries = (np.zeros((len(questions), n), "int64") for n in (story_length, query_length))
    answers = np.zeros((len(questions), len(ids) + 1))
    for row, q in enumerate(questions):
        for array, tokens in ((stories, q.story), (queries, q.query)):
            if unknown := [token for token in (*tokens, q.answer) if token not in ids]:
                raise BadStories(f"question {row}: the vocabulary has no {unknown[0]!r}")
            if len(tokens) > array.shape[1]:
                raise ValueError(f"question {row}: {len(tokens)} tokens do not fit into {array.shape[1]}")
            array[row, array.shape[1] - len(tokens) :] = [ids[token] for token in tokens]
        answers[row, ids[q.answer]] = 1.0
    return stories, queries, answers
