"""The bAbI examples of document 3: "Mary moved to the bathroom. Where is Mary?"

Two scenarios, `babi-memnn` and `babi-rnn`, each described in `ABOUT`. For the text of both, its parser and its archive see
`babi_text`.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from cases.babi import generate, parse_stories, vectorize, vocabulary
from cases.datafiles import FILES, questions
from cases.layers import Layer, generator
from cases.models import Model, ModelRequest, Training, draw_model_weights, node
from cases.scenarios.base import ADAM, claim, minibatches, model_claims
from cases.scenarios.files import on_real_data

ROWS, STEPS, REAL = 96, 13, 320
HYPER = (("learning_rate", 0.03), *ADAM[1:])
_DATA = """
Stories are generated in the format of bAbI's files: persons move between places, a question asks where one of them is. It is
trained on stories of the sentence that answers alone; where the real archive lies on disk, on its stories too.
"""
ABOUT = {
    "babi-memnn": """`babi-memnn` (document 3): a memory network answers "Where is Mary?" from a story.

Story (68) and question (4) as ids of 22 words. Embeddings of the story (68, 64) and (68, 4), of the question (4, 64); dot of
story and question, softmax → (68, 4), how well each word of the story fits; plus the second embedding → (68, 4); permute →
(4, 68); concatenate with the question → (4, 132); LSTM → 32; Dense → 22. The shapes are asked of that model; numbers and training
of the same with 8 features and 8 units, and sentences as short as those that are generated.
""" + _DATA,
    "babi-rnn": """`babi-rnn` (document 3): two LSTMs answer where a person is from the sentences of a story.

Story (552) and question (5) as ids of 36 words. Embeddings of 50; an LSTM of 50 reads the question; its last output is repeated
for every step of the story → (552, 50), and added; a second LSTM of 50; Dense → 36. The shapes are asked of that model; numbers
and training of the same with 8 features and 8 units, and sentences as short as those that are generated.
""" + _DATA,
}
"""Scenario -> its title, and what it is."""


@lru_cache(maxsize=2)
def data(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Stories, questions, answers of one sentence each, and how many ids there are, 0 among them."""
    questions = parse_stories(generate(rows, generator("babi"), 1), only_supporting=True, expected=rows)
    ids = vocabulary(questions)
    longest = max(len(q.story) for q in questions)
    return *vectorize(questions, ids, longest, max(len(q.query) for q in questions)), len(ids) + 1


def last_state(features: int, units: int) -> Layer:
    return Layer("lstm", features, units, return_sequences=False, return_state=False)


def memory(story: int, query: int, words: int, width: int, units: int) -> Model:
    """`babi-memnn`"""
    return Model(
        "babi-memnn",
        (
            node("story", "input", shape=(story,)),
            node("question", "input", shape=(query,)),
            node("story_m", "embedding", "story", ids=words, width=width, mask_zero=False),
            node("story_c", "embedding", "story", ids=words, width=query, mask_zero=False),
            node("question_m", "embedding", "question", ids=words, width=width, mask_zero=False),
            node("dot", "dot", "story_m", "question_m", axes=(2, 2)),
            node("match", "activation", "dot", activation="softmax"),
            node("response", "add", "match", "story_c"),
            node("permute", "permute", "response", dims=(2, 1)),
            node("answer", "concatenate", "permute", "question_m", axis=-1),
            node("lstm", "recurrent", "answer", layer=last_state(story + width, units)),
            node("dropout", "dropout", "lstm", rate=0.0),
            node("dense", "dense", "dropout", units=words, activation="softmax"),
        ),
    )


def recurrent(story: int, query: int, words: int, width: int) -> Model:
    """`babi-rnn`"""
    return Model(
        "babi-rnn",
        (
            node("story", "input", shape=(story,)),
            node("question", "input", shape=(query,)),
            node("story_m", "embedding", "story", ids=words, width=width, mask_zero=False),
            node("question_m", "embedding", "question", ids=words, width=width, mask_zero=False),
            node("question_lstm", "recurrent", "question_m", layer=last_state(width, width)),
            node("repeat", "repeat_vector", "question_lstm", times=story),
            node("add", "add", "story_m", "repeat"),
            node("lstm", "recurrent", "add", layer=last_state(width, width)),
            node("dense", "dense", "lstm", units=words, activation="softmax"),
        ),
    )


def model(name: str) -> Model:
    """The small model, for the generated stories."""
    stories, queries, _, words = data(ROWS)
    lengths = stories.shape[1], queries.shape[1]
    return memory(*lengths, words, 8, 8) if name == "babi-memnn" else recurrent(*lengths, words, 8)


@lru_cache(maxsize=2)
def small(name: str) -> ModelRequest:
    stories, queries, answers, _ = data(ROWS)
    made = model(name)
    training = Training("adam", HYPER, "categorical_crossentropy", minibatches(name, ROWS, 16, STEPS))
    return ModelRequest(
        made,
        draw_model_weights(made),
        {"story": stories, "question": queries},
        None,
        answers,
        training,
    )


@lru_cache(maxsize=2)
def real(name: str, path: Path) -> ModelRequest:
    """The small model for the first of the real stories."""
    found = questions(path, name)
    ids, few = vocabulary(found), found[:REAL]
    lengths = max(len(q.story) for q in few), max(len(q.query) for q in few)
    stories, queries, answers = vectorize(few, ids, *lengths)
    made = memory(*lengths, len(ids) + 1, 16, 16) if name == "babi-memnn" else recurrent(*lengths, len(ids) + 1, 16)
    training = Training("adam", ADAM, "categorical_crossentropy", minibatches(name, len(few), 32, 60))
    inputs = {"story": stories, "question": queries}
    return ModelRequest(made, draw_model_weights(made), inputs, None, answers, training)


def whole(made: Model) -> ModelRequest:
    """One row of ids for the model of the document's widths."""
    shapes = {n.name: (1, *n["shape"]) for n in made.nodes if n.op == "input"}
    words = made.nodes[-1]["units"]
    inputs = {name: generator(made.name).integers(0, words, shape) for name, shape in shapes.items()}
    return ModelRequest(made, draw_model_weights(made), inputs)


TABLES = {
    "babi-memnn": {
        "story": (68,),
        "question": (4,),
        "story_m": (68, 64),
        "story_c": (68, 4),
        "question_m": (4, 64),
        "dot": (68, 4),
        "match": (68, 4),
        "response": (68, 4),
        "permute": (4, 68),
        "answer": (4, 132),
        "lstm": (32,),
        "dropout": (32,),
        "dense": (22,),
    },
    "babi-rnn": {
        "story": (552,),
        "question": (5,),
        "story_m": (552, 50),
        "question_m": (5, 50),
        "question_lstm": (50,),
        "repeat": (552, 50),
        "add": (552, 50),
        "lstm": (50,),
        "dense": (36,),
    },
}
for _name, _made in (("babi-memnn", memory(68, 4, 22, 64, 32)), ("babi-rnn", recurrent(552, 5, 36, 50))):
    model_claims(_name, partial(small, _name), partial(whole, _made), TABLES[_name], to=0.85)

    @claim(_name, f"With {FILES['babi']} on disk the model trains on the real stories: the first losses are those of the "
                  "equations, and the loss falls.", says="It is trained on the bAbI tasks.")
    def real_data(ask, name=_name):
        return on_real_data(ask, "babi", lambda path: real(name, path), 3, 0.95)
