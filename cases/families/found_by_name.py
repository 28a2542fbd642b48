"""Losses, metrics, optimizers and the like, and functions, found by name and by configuration: Keras' and the user's own."""

from __future__ import annotations

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation

MODULES = ("optimizers", "losses", "metrics", "activations", "ops", "schedules", "initializers", "regularizers", "constraints")
PLACES = {"named": "own", "registered": "own", "nowhere": "refused"}
"""Where the user's class or function is told, under the name of one of Keras' -> what is to come of its configuration; of a
layer made with it, put into Bidirectional, no other comes in any case."""


@statement("Every loss, metric, optimizer and the like is made of its configuration by its own module, which leaves that as it "
           "was, and is found there by the name of its class; every function, of tensors too, is found by its configuration.",
           {"module": MODULES}, strength=(1, 1, 1), usual={"module": tuple(one for one in MODULES if one != "metrics")},
           dear={"module": tuple(one for one in MODULES if one not in ("losses", "ops"))},
           source="Keras: serialize, deserialize, get of each module")
def parts_are_found_by_their_modules(ask, module) -> list[Deviation]:
    """Facts: `asked`, how many parts; `classes` (question, class, what came), `functions` (name, what came), those alone that are
    not found, or not left as they were."""
    facts = ask(FunctionRequest("found_parts", (("module", module),))).facts
    found = [Deviation(f"{question} {name}", f"{question} {name}: {came}") for question, name, came in facts.get("classes", ())]
    if lost := facts.get("functions", ()):
        words = ", ".join(f"{name} ({came})" for name, came in lost[:4])
        found.append(Deviation("functions", f"functions: {len(lost)} are not found by their configuration: {words}"))
    return found if facts.get("asked", 0) else [*found, Deviation("asked", "no part was asked about")]


@statement("A class or function of the user's own, under the name of one of Keras', is itself in what is made of its "
           "configuration where it is named, or registered, and is refused where it is neither; in both halves of a "
           "Bidirectional layer it is itself, or refused.", sparing=0, eager=1,
           source="Keras: custom_objects, register_keras_serializable, deserialize")
def own_names_are_not_keras(ask) -> list[Deviation]:
    came = ask(FunctionRequest("own_names", ())).facts.get("came", ())
    found = [Deviation(f"{part}, {place}", f"{part}, {place}: what came is {what}, expected {PLACES[place]}")
             for part, place, what in came if what not in (PLACES[place], "own" if part.startswith("halves") else "")]
    return found if {place for _, place, _ in came} == set(PLACES) else [*found, Deviation("places", "not every place was asked")]


NAMED = ("layer", "wrapped", "cell", "activation", "loss", "metric", "optimizer", "schedule")
"""What of the user's own stands in a model, and in what it is compiled with."""
WAYS = ("json", "configuration", "series", "file", "optimizer")
"""What is made, where they are named alone: a model of JSON, of its configuration, a series of layers, a model out of a file,
and an optimizer with a schedule."""
HELD = {"json": NAMED[:4], "configuration": NAMED[:4], "series": NAMED[:4], "file": NAMED, "optimizer": ("schedule",)}


@statement("Classes and functions of the user's own that are named where a model or an optimizer is made again, and nowhere "
           "else, are what stands in it, however deep.", sparing=0,
           source="Keras: custom_objects of model_from_json, from_config, load_model")
def own_parts_are_found_where_they_are_named(ask) -> list[Deviation]:
    """Facts: `parts` (way, part, what stands in it: own, or another name)."""
    told = {(way, part): what for way, part, what in ask(FunctionRequest("own_parts_named", ())).facts.get(
        "parts", ())}
    return [Deviation(f"{way} {part}", f"{way}: the user's own {part} is {told.get((way, part))}")
            for way in WAYS for part in HELD[way] if told.get((way, part)) != "own"]
