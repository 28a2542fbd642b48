"""Distillation: a recurrent student that is trained by a teacher's outputs and features beside its own targets."""

from __future__ import annotations

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.tolerance import compare, unit_roundoff

ROWS, STEPS, FEATURES, WORTH, SHARE = 4, 3, 2, 0.75, 0.25
OF = ("features", "student_features", "penalty", "dropout", "samples", "worth", "loaded")
"""What counts beside the targets and the teacher's outputs.

features           those of a layer of both; student_features: of the student, against the teacher's outputs
penalty            of the student's kernel
dropout            in the student, which rests in an evaluation, features being compared
samples            weights of rows
worth              of one distillation loss, told in a list of one
loaded             the distiller comes from a file
"""
SLACK = 512 * unit_roundoff("float32")


@statement("The loss of a distiller that is evaluated is the sum by hand: of the student's outputs against targets, by weights "
           "of rows, and against the teacher's outputs or features, each by its share, with the penalties of weights; nothing is "
           "dropped then.", {"of": OF}, usual={"of": ("penalty", "dropout")}, sparing=0,
           source="Keras: Distiller, FeatureDistillation")
def distilled_losses_are_sums_by_hand(ask, of):
    """Arrays: `loss` of the distiller; `outputs/` and `features/`, (rows, …) of `student` and `teacher`; `penalty`."""
    random = generator("distillation", of)
    targets, samples = draw_values(random, (ROWS, 2)), random.uniform(0.5, 1.5, ROWS)
    seen = ask(FunctionRequest("distilled", (
        ("of", of), ("inputs", draw_values(random, (ROWS, STEPS, FEATURES))), ("targets", targets), ("samples", samples),
        ("share", SHARE), ("worth", WORTH))))
    kind = {"features": "features", "dropout": "features"}.get(of, "outputs")
    student = seen["features/student" if of == "student_features" else f"{kind}/student"].astype("float64")
    apart = np.mean((student - seen[f"{kind}/teacher"]) ** 2)
    own = np.mean((seen["outputs/student"].astype("float64") - targets) ** 2, axis=1) * (samples if of == "samples" else 1.0)
    due = SHARE * np.mean(own) + (1 - SHARE) * apart * (WORTH if of == "worth" else 1.0) + seen["penalty"]
    return compare("loss", seen["loss"], np.array(due), np.array(SLACK * abs(due)))
