"""`bilstm-crf-ner` (document 1): names in Chinese sentences, a tag a character.

Character ids → Embedding → BiLSTM → Dense → CRF. Tags: O 0, B-PER 1, I-PER 2, B-LOC 3, I-LOC 4; the document's sentence of
nine characters has the tags [1, 2, 0, 0, 0, 3, 4, 0, 0]. Sentences are padded at the end, id 0. No stack has a CRF: each
one's is written from its operations, so they and their gradients are what is asked about. Likelihood and best path are
held against an enumeration of every path (`cases.reference.crf`); the whole model's losses and gradients against the
equations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from cases.layers import Layer, generator, on_grid
from cases.models import FunctionRequest, ModelRequest, Training, draw_model_weights, node, sequential
from cases.reference.crf import NAMES, forward, run_crf
from cases.requests import Deviation
from cases.scenarios.base import ADAM, claim, curve, differentiated, followed, predicted, untrained
from cases.tolerance import compare, expect_by, expect_model

NAME = "bilstm-crf-ner"
TAGS = 5
SENTENCES = (  # ids as the document's dictionary gives them, and their tags
    ((15, 24, 7, 3, 11, 19, 28, 5, 9), (1, 2, 0, 0, 0, 3, 4, 0, 0)),
    ((16, 25, 7, 3, 19, 29), (1, 2, 0, 0, 3, 4)),
    ((19, 28, 11, 15, 26), (3, 4, 0, 1, 2)),
    ((8, 5, 9), (0, 0, 0)),
    ((16, 24, 24, 7, 20, 28, 29, 9), (1, 2, 2, 0, 3, 4, 4, 0)),
    ((9,), (0,)),
)
STEPS, FIRST, WIDE = 10, 3, 12
SHORT = [row for row, (ids, _) in enumerate(SENTENCES) if len(ids) <= 6]
"""The sentences whose paths the reference can enumerate."""
LAYER = Layer("lstm", 8, 8, direction="bidirectional", return_state=False)
MODEL = sequential(
    NAME, node("ids", "input", shape=(None,)), node("embedding", "embedding", ids=32, width=8, mask_zero=True),
    node("lstm", "recurrent", layer=LAYER), node("dense", "dense", units=TAGS, activation="linear"),
    node("crf", "crf", tags=TAGS),
)


@lru_cache(maxsize=1)
def sentences() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids, tags and mask, (sentences, 9) each, padded at the end with 0."""
    longest = max(len(ids) for ids, _ in SENTENCES)
    ids, tags = (np.array([(*one[which], *[0] * (longest - len(one[which]))) for one in SENTENCES]) for which in (0, 1))
    return ids, tags, ids != 0


@lru_cache(maxsize=1)
def short() -> dict[str, np.ndarray]:
    """A field on rows of 1 to 4 steps, few enough to enumerate, padded to 5."""
    random, lengths, count = generator(NAME), np.array([4, 3, 1, 4, 2, 3]), TAGS

    def drawn(*shape: int) -> np.ndarray:
        return on_grid(random.normal(0, 1.0, shape), 14)

    mask = np.arange(5) < lengths[:, None]
    return {"emissions": drawn(*mask.shape, count), "transitions": drawn(count, count), "start": drawn(count),
            "end": drawn(count), "mask": mask, "tags": random.integers(0, count, mask.shape)}


def field(arguments: Mapping[str, np.ndarray]) -> FunctionRequest:
    return FunctionRequest("crf", tuple(arguments.items()))


def padded(content: float, more: int = 0) -> dict[str, np.ndarray]:
    """The short rows with `content` and another tag in their padding, and `more` padded steps."""
    given = dict(short())
    wide = np.pad(given["mask"], ((0, 0), (0, more)))
    emissions = np.pad(given["emissions"], ((0, 0), (0, more), (0, 0)))
    return given | {
        "mask": wide, "emissions": np.where(wide[:, :, None], emissions, content * (1 + np.arange(TAGS))),
        "tags": np.where(wide, np.pad(given["tags"], ((0, 0), (0, more))), 2),
    }


def against_enumeration(ask, arguments: Mapping[str, np.ndarray], what: str, *prefixes: str) -> list[Deviation]:
    """Deviations of the arrays named by `prefixes` from the enumeration of every path."""
    expected = expect_by(("crf",), field(arguments), lambda **how: run_crf(arguments, **how), "float32", 5**4 * 60)
    seen, found = ask(field(arguments)), []
    for name, due in expected.items():
        if name.startswith(prefixes):
            found += compare(f"{name} ({what})", seen[name], due.value, 0.0 if name == "path" else due.allowed)
    return found


@claim(NAME, "The log-likelihood of each row is that of an enumeration of every path.",
       says="It is trained by the log-likelihood of a CRF.")
def likelihood(ask):
    return against_enumeration(ask, short(), "enumeration", "log_likelihood")


@claim(NAME, "The gradients of the log-likelihood are those of an enumeration of every path, and zero at padded emissions.")
def gradients(ask):
    return against_enumeration(ask, short(), "enumeration", *(f"gradients/{name}" for name in NAMES))


@claim(NAME, "The decoded path is the best of all paths, and has no tag at padded steps.",
       says="The tags are the CRF's best path.")
def best_path(ask):
    return against_enumeration(ask, short(), "enumeration", "path")


@claim(NAME, "What stands in padding changes neither likelihood nor gradients nor path.", [{"content": 50.0}, {"content": -50.0}],
       says="Each sentence is padded.")
def padding(ask, content):
    return against_enumeration(ask, padded(content), f"{content:g} in padding", "log_likelihood", "path", "gradients")


@claim(NAME, "How much padding there is changes neither likelihood nor gradients nor path.", depth="full",
       says="Each sentence is padded.")
def amount(ask):
    return against_enumeration(ask, padded(7.0, 2), "two more padded steps", "log_likelihood", "path", "gradients")


@lru_cache(maxsize=1)
def question() -> ModelRequest:
    """The sentences, all of them in each step."""
    ids, tags, _ = sentences()
    hyper = tuple({**dict(ADAM), "learning_rate": 0.1}.items())
    training = Training("adam", hyper, "crf", (tuple(range(len(ids))),) * STEPS)
    return ModelRequest(MODEL, draw_model_weights(MODEL), ids, None, tags, training)


@claim(NAME, "From equal weights the emissions are those of the equations, padding left out.",
       says="Embedding → BiLSTM → Dense → CRF.")
def values(ask):
    return predicted(ask, untrained(question()))


@claim(NAME, f"The sentences padded to {WIDE} have the same emissions at their own steps, and the same paths.",
       says="Each sentence is padded.", sparing=())
def padded_further(ask):
    request, (ids, tags, mask) = untrained(question()), sentences()
    wide = ((0, 0), (0, WIDE - ids.shape[1]))
    more = replace(request, inputs=np.pad(ids, wide))
    due, seen = ask(request)["predictions"], ask(more)["predictions"]
    allowed = 2 * expect_model(request)["predictions"].allowed[mask]
    found = compare("emissions at valid steps", seen[:, : ids.shape[1]][mask], due[mask], allowed)
    paths = []
    for emissions, valid, chosen in ((due, mask, tags), (seen, np.pad(mask, wide), np.pad(tags, wide))):
        arguments = decoded(emissions, request.weights) | {"mask": valid, "tags": chosen}
        few = {name: arguments[name][SHORT] for name in ("emissions", "mask", "tags")}
        paths.append(ask(field(arguments | few))["path"][:, : ids.shape[1]])
    return [*found, *compare("path", paths[1], paths[0], 0.0)]


@claim(NAME, f"From equal weights the first {FIRST} losses of training, minus mean log-likelihoods, are those of the equations.",
       says="The model is trained by the likelihood of the CRF.", sparing=())
def trajectory(ask):
    return followed(ask, question(), FIRST)


@claim(NAME, "From equal weights the gradients of the loss, down to the embedding, are those of the equations.", depth="full")
def model_gradients(ask):
    return differentiated(ask, replace(question(), wants=("gradients",)))


def decoded(emissions: np.ndarray, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is decoded of the sentences' emissions with the field's weights."""
    _, tags, mask = sentences()
    return {"emissions": emissions, **{name: weights[f"crf/{name}"] for name in NAMES[1:]}, "mask": mask, "tags": tags}


@claim(NAME, "The first loss of training is the mean negative log-likelihood of the emissions, padding left out.", sparing=())
def first_loss(ask):
    request = question()
    seen, (_, tags, mask) = ask(request), sentences()
    due = -forward(seen["predictions"], *(request.weights[f"crf/{name}"] for name in NAMES[1:]), mask, tags).mean()
    roundings = 2.0**-24 * mask.shape[1] * TAGS * np.abs(seen["predictions"]).max() * 8
    return compare("losses (the first)", seen["losses"][:1], np.array([due]), roundings)


def after_training(ask) -> dict[str, np.ndarray]:
    """What is decoded: the sentences, with the emissions and weights that training came to."""
    seen = ask(question())
    return decoded(seen["trained"], {name.removeprefix("weights/"): array for name, array in seen.named("weights").items()})


@claim(NAME, "From a handful of sentences every tag is learned, those of the document's sentence among them.",
       says="The model tags a sentence of nine characters by [1, 2, 0, 0, 0, 3, 4, 0, 0].", sparing=())
def learned(ask):
    _, tags, mask = sentences()
    path = ask(field(after_training(ask)))["path"]
    told = curve("loss", ask(question())["losses"], "Loss of each step of training")
    if np.array_equal(path[mask], tags[mask]):
        return [told]
    row = int(np.argmax(((path != tags) & mask).any(axis=1)))
    wrong = ((path != tags) & mask).sum()
    return [told, Deviation("path", f"{wrong} of {mask.sum()} tags are wrong; sentence {row}: found "
                      f"{path[row][mask[row]].tolist()}, expected {tags[row][mask[row]].tolist()}", float(wrong))]


@claim(NAME, "Of the trained model, too, the decoded path uses no padded step, and no other padding changes it.", sparing=())
def trained_path(ask):
    mask, given = sentences()[2], after_training(ask)
    other = field(given | {"emissions": np.where(mask[:, :, None], given["emissions"], 30.0 * np.arange(TAGS))})
    plain, moved = ask(field(given))["path"], ask(other)["path"]
    found = [Deviation("path", "a padded step has a tag")] if (plain[~mask] != -1).any() else []
    return found + ([] if np.array_equal(plain, moved) else [Deviation("path", "padding changes the path")])
