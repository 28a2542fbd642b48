"""The optimizers' equations: by hand, against each other, and every fault planted in them is noticed by a claim."""

import importlib.util
import sys
from collections import Counter
from math import prod, sqrt
from pathlib import Path

import numpy as np
import pytest
from planted import InProcess

from cases import optimizers
from cases.optimizers import DEFAULTS, DEFINITIONS, OPTIMIZERS, OWN, definitions, hyper_parameters, slots, step, update
from cases.scenarios import claims
from cases.scenarios.optimizer_steps import NAME, OPTIONS, hyper
from cases.steps import OptimizerRequest, Rows, drawn, expected, follow
from suite.backends.reference import Reference
from suite.verdicts import judge


def two_steps(optimizer: str, **hyper) -> list[float]:
    """Weight 1.0, gradients 0.5 and then -0.25."""
    weight, memory, found = np.array(1.0), slots(optimizer, np.array(1.0), hyper), []
    for number, gradient in ((1, 0.5), (2, -0.25)):
        weight, now = update(optimizer, hyper, weight, np.array(gradient), memory, number)
        memory = memory | now
        found.append(float(weight))
    return found


def path(hyper: dict, gradients: list, optimizer: str = "sgd", weight: float = 1.0) -> list[float]:
    """One weight, with all that goes on around the update."""
    weights = {"w": np.array([weight])}
    memory, found = {"w": slots(optimizer, weights["w"], hyper)}, []
    for number, gradient in enumerate(gradients, start=1):
        weights, memory = step(optimizer, hyper, weights, {"w": np.array([gradient])}, memory, number)
        found.append(float(weights["w"][0]))
    return found


def test_adagrad_and_adadelta_by_hand():
    v1 = 0.2 + 0.25
    v2 = v1 + 0.0625
    given = {"learning_rate": 0.1, "initial_accumulator_value": 0.2, "epsilon": 0.01}
    first = 1 - 0.1 * 0.5 / sqrt(v1 + 0.01)
    assert two_steps("adagrad", **given) == pytest.approx([first, first + 0.1 * 0.25 / sqrt(v2 + 0.01)])
    outside = 1 - 0.1 * 0.5 / (sqrt(v1) + 0.01)
    assert two_steps("adagrad", **given, epsilon_place="outside")[0] == pytest.approx(outside)
    v1 = 0.2 * 0.25
    d1 = 0.5 * sqrt(0.01) / sqrt(v1 + 0.01)
    v2, a1 = 0.8 * v1 + 0.2 * 0.0625, 0.2 * d1**2
    d2 = -0.25 * sqrt(a1 + 0.01) / sqrt(v2 + 0.01)
    assert two_steps("adadelta", learning_rate=0.5, rho=0.8, epsilon=0.01) == pytest.approx([1 - d1 / 2, 1 - (d1 + d2) / 2])


def test_adamax_nadam_and_amsgrad_by_hand():
    given = {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 0.01}
    m1, m2 = 0.2 * 0.5, 0.8 * 0.2 * 0.5 + 0.2 * -0.25
    first = 1 - 0.1 * m1 / 0.2 / 0.51
    assert two_steps("adamax", **given) == pytest.approx([first, first - 0.1 * m2 / 0.36 / 0.46])
    inside = first - 0.1 * m2 / 0.36 / (0.9 * 0.51)
    assert two_steps("adamax", **given, epsilon_place="inside") == pytest.approx([first, inside])
    s = [0.8 * (1 - 0.5 * 0.96 ** (t * 0.5)) for t in (1, 2, 3)]
    v1 = 0.1 * 0.25
    v2 = 0.9 * v1 + 0.1 * 0.0625
    ahead = lambda t, m, g: s[t] * m / (1 - prod(s[: t + 1])) + (1 - s[t - 1]) * g / (1 - prod(s[:t]))  # noqa: E731
    one = 1 - 0.1 * ahead(1, m1, 0.5) / (sqrt(v1 / 0.1) + 0.01)
    two = one - 0.1 * ahead(2, m2, -0.25) / (sqrt(v2 / 0.19) + 0.01)
    assert two_steps("nadam", **given, momentum_decay=0.5) == pytest.approx([one, two])
    high = {**given, "beta_2": 0.5}  # the second v is smaller than the first
    v1 = 0.5 * 0.25
    due = 1 - 0.1 * (m1 / 0.2 * sqrt(0.5) / (sqrt(v1) + 0.01) + m2 / 0.36 * sqrt(0.75) / (sqrt(v1) + 0.01))
    assert two_steps("adam", **high, amsgrad=True)[1] == pytest.approx(due)
    assert two_steps("adam", **high, amsgrad=True)[1] != pytest.approx(two_steps("adam", **high)[1], rel=1e-4)


def test_the_place_of_the_rate_matters_only_where_the_rate_changes():
    for optimizer in ("sgd", "rmsprop"):
        given = {"learning_rate": 0.1, "momentum": 0.9}
        paths = [path({**given, "rate_place": place}, [0.5, -0.25, 0.1], optimizer) for place in ("inside", "outside")]
        assert paths[0] == pytest.approx(paths[1], rel=1e-13)
        given["decay_rate"] = 0.5
        paths = [path({**given, "rate_place": place}, [0.5, -0.25, 0.1], optimizer) for place in ("inside", "outside")]
        assert paths[0][0] == pytest.approx(paths[1][0]) and paths[0][1] != pytest.approx(paths[1][1], rel=1e-4)


def test_what_goes_on_around_the_update_by_hand():
    rate = {"learning_rate": 0.1}
    assert path({**rate, "clipvalue": 0.2}, [0.5, -0.1]) == pytest.approx([0.98, 0.99])
    assert path({**rate, "clipnorm": 0.2}, [0.5, -0.1]) == pytest.approx([0.98, 0.99])
    assert path({**rate, "weight_decay": 0.5}, [0.5]) == pytest.approx([0.95 - 0.05])
    assert path({"weight_decay": 0.5, "learning_rate": 1.0, "decay_place": "gradient", "momentum": 0.9}, [0.5, 0.0]) == (
        pytest.approx([0.0, 0.9 * -1.0])
    )
    assert path({**rate, "decay_rate": 0.5}, [1.0, 1.0, 1.0]) == pytest.approx([0.9, 0.85, 0.825])
    assert path({**rate, "gradient_accumulation_steps": 2}, [1.0, 3.0, 1.0]) == pytest.approx([1.0, 0.8, 0.8])
    assert path({**rate, "ema_overwrite_frequency": 2, "ema_momentum": 0.5}, [1.0, 1.0]) == pytest.approx([0.9, 0.85])
    weights = {"a": np.array([3.0]), "b": np.array([[1.0]])}
    moved, _ = step("sgd", {**rate, "global_clipnorm": 1.0}, weights, {"a": np.array([3.0]), "b": np.array([[4.0]])},
                    {n: slots("sgd", w) for n, w in weights.items()}, 1)
    assert [moved["a"].item(), moved["b"].item()] == pytest.approx([3 - 0.06, 1 - 0.08])


def test_rows_named_twice_are_summed():
    rows = Rows(np.array([2, 0, 2]), np.array([[1.0, 2.0], [3.0, 4.0], [0.5, -1.0]]), 4)
    assert rows.dense.tolist() == [[3, 4], [0, 0], [1.5, 1], [0, 0]]


def test_every_stack_has_defaults_and_definitions_of_every_optimizer():
    for stack in ("keras", "torch"):
        assert set(OWN[stack]) == set(DEFINITIONS[stack]) == set(OPTIMIZERS) == set(DEFAULTS)
        for optimizer in OPTIMIZERS:
            hyper_parameters(optimizer, {**OWN[stack][optimizer], **definitions(stack, optimizer)})


def test_with_copies_in_front_the_steps_are_the_same():
    for options in OPTIONS:
        request = drawn("sgd", hyper("sgd", options) if not set(OPTIONS[options]) & {"amsgrad", "centered"} else {})
        plain = follow(request)
        copied = follow(request, tensor=lambda a: np.stack([a, a]), lead=1)
        for name, array in plain.arrays.items():
            assert np.array_equal(copied[name][1], array)


def test_what_is_allowed_is_far_less_than_what_epsilon_or_the_correction_of_bias_do():
    for optimizer in ("adam", "rmsprop", "adagrad", "adamax"):
        request = drawn(optimizer, {})
        due = expected(request, "keras")
        other = follow(request, "torch")
        for name, array in other.arrays.items():
            assert np.max(np.abs(array - due[name].value) / due[name].allowed) > 100


PLAIN = {
    "sgd: the momentum is not kept": ('hyper["momentum"] * remembered["m"] - inner * g', "-inner * g"),
    "sgd: nesterov looks ahead without the momentum": ('(hyper["momentum"] * m - inner * g if', "(m - inner * g if"),
    "sgd: nesterov is not heard": ('- inner * g if hyper["nesterov"] else m)', '- inner * g if False else m)'),
    "rmsprop: rho and 1 - rho are swapped": (
        'v = rounded(hyper["rho"] * remembered["v"] + (1 - hyper["rho"]) * g**2)\n    a',
        'v = rounded((1 - hyper["rho"]) * remembered["v"] + hyper["rho"] * g**2)\n    a',
    ),
    "rmsprop: centered is not heard": ('if hyper["centered"] else v', "if False else v"),
    "rmsprop: the mean gradient is not squared": ("v - rounded(a**2)", "v - rounded(np.abs(a) * 0.01)"),
    "rmsprop: the rate is not in the momentum": ("+ inner * g / _root(hyper, spread", "+ g / _root(hyper, spread"),
    "rmsprop: no momentum": ('rounded(hyper["momentum"] * remembered["m"] + inner', 'rounded(0.0 * remembered["m"] + inner'),
    "adagrad: from zero": ('found["v"] = found["v"] + hyper_p', 'found["v"] = found["v"] + 0 * hyper_p'),
    "adagrad: forgets": ('v = rounded(remembered["v"] + g**2)', 'v = rounded(0.9 * remembered["v"] + g**2)'),
    "root: epsilon outside where it is inside": ("np.sqrt(v + hyper[\"epsilon\"]) if", "np.sqrt(v) + hyper[\"epsilon\"] if"),
    "adadelta: epsilon outside the root": ('np.sqrt(remembered["a"] + epsilon)', 'np.sqrt(remembered["a"]) + epsilon'),
    "adadelta: the rate enters what is remembered": ("+ (1 - rho) * d**2)", '+ (1 - rho) * (hyper["learning_rate"] * d)**2)'),
    "adadelta: the new accumulator is used": (
        'rounded(np.sqrt(remembered["a"] + epsilon))', 'np.sqrt(rho * remembered["a"] + (1 - rho) * g**2 + epsilon)',
    ),
    "adam: epsilon after the correction of bias": (
        'np.sqrt(second) / first * m / rounded(np.sqrt(largest) + hyper["epsilon"])',
        'm / first / rounded(np.sqrt(largest / second) + hyper["epsilon"])',
    ),
    "adam: no correction of bias": ("return rounded(1.0 - rounded(rounded(beta * np.ones_like(like)) ** number))",
                                    "return np.ones_like(like)"),
    "adam: the correction counts from zero": ("np.ones_like(like)) ** number))", "np.ones_like(like)) ** max(number - 1, 0.5)))"),
    "adam: the correction stands still": ("np.ones_like(like)) ** number))", "np.ones_like(like)) ** 1))"),
    "adam: amsgrad is not heard": ('if hyper["amsgrad"] else v', "if False else v"),
    "adam: amsgrad forgets": ('np.maximum(remembered["largest"], v)', 'np.maximum(0.9 * remembered["largest"], v)'),
    "adamax: the norm does not decay": ('rounded(hyper["beta_2"] * remembered["u"])', 'remembered["u"]'),
    "adamax: epsilon inside the norm": ('(hyper["epsilon"] if inside else 0.0)', 'hyper["epsilon"]'),
    "nadam: no schedule": ("(1 - 0.5 * 0.96 ** (t *", "(1 - 0.0 * 0.96 ** (t *"),
    "nadam: the momentum is not looked ahead": ("schedule[-1] * m /", "schedule[-2] * m /"),
    "nadam: the product is only the last factor": ("(1 - math.prod(schedule[:-1]))", "(1 - schedule[-2])"),
    "moments: the gradient is not squared": ('* g**2)\n\n\ndef _corrected', '* np.abs(g))\n\n\ndef _corrected'),
    "schedule: one step late": ("** (number - 1)\n    moved", "** max(number - 2, 0)\n    moved"),
    "schedule: not heard": ('full["decay_rate"] ** (number', '1.0 ** (number'),
    "weight decay: into the gradient": ('if full["decay_place"] == "weights":', "if False:"),
    "weight decay: without the rate": ('weight - rate * full["weight_decay"]', 'weight - full["weight_decay"]'),
    "clipping: by value is by norm": ("np.clip(g, -most, most)", "g * np.minimum(1, most / np.sqrt(np.sum(g**2)))"),
    "clipping: each weight by all": (
        "norms = {name: np.sqrt(square) for name, square in squares.items()}",
        "norms = {name: np.sqrt(sum(s.sum() for s in squares.values())) * np.ones_like(q) for name, q in squares.items()}",
    ),
    "clipping: all by each weight": ("total = np.sqrt(sum(flat[1:], flat[0]))", "total = np.sqrt(flat[0])"),
    "clipping: small gradients are stretched": ("np.minimum(1.0, most / (norms", "np.minimum(9.0, most / (norms"),
    "accumulation: the sum, not the mean": ("rounded(total / every)", "rounded(total)"),
    "accumulation: the last gradient alone": ('memory[name]["accumulated"] + gradients[name]', "gradients[name]"),
    "accumulation: never forgotten": ("totals[name] * (not done)", "totals[name]"),
    "dampening: in the first step too": ("kept = 1.0 if number == 1 else", "kept = 1.0 if number == 0 else"),
    "dampening: not heard": ('else 1.0 - hyper["dampening"]', "else 1.0"),
    "maximize: not heard": ('if full["maximize"] else', "if False else"),
    "moving average: from zero": ('full["ema_momentum"] * (number > 1)', 'full["ema_momentum"]'),
    "moving average: of the old weights": ("+ (1 - keep) * moved[name])", "+ (1 - keep) * weights[name])"),
}


class Faulty(Reference):
    """The reference, its optimizers with one fault."""

    def __init__(self, rules):
        super().__init__()
        self.optimizers = rules


def with_fault(old: str, new: str):
    """`cases.optimizers` with one piece of text replaced."""
    text = Path(optimizers.__file__).read_text()
    assert text.count(old) == 1, f"the text to replace stands {text.count(old)} times, not once: {old}"
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader("optimizers_with_a_fault", None))
    sys.modules[made.__name__] = made
    exec(compile(text.replace(old, new), "optimizers_with_a_fault", "exec"), made.__dict__)
    return made


STEPS = [c for c in claims("full") if c.scenario == NAME and c.name in (
    "step_is_the_equation", "around_the_step", "around_every_step", "repeated_rows", "rows_of_scaled_losses",
    "options_of_one_framework", "defaults",
    "difference_of_definitions", "bias_correction")]
DEFAULT = {c.identity for c in claims("default")}


@pytest.mark.parametrize("fault", PLAIN)
def test_the_default_claims_notice(fault):
    subject = InProcess(Faulty(with_fault(*PLAIN[fault])))
    found = [check for check in STEPS if check.identity in DEFAULT and judge(check, subject).verdict == "fail"]
    assert found, f"no claim of the default plan notices: {fault}"


@pytest.mark.parametrize(("claim", "fault"), [
    ("bias_correction-adam", "adam: no correction of bias"), ("bias_correction-nadam", "nadam: no schedule"),
    ("difference_of_definitions-adam-plain", "adam: epsilon after the correction of bias"),
    ("difference_of_definitions-adagrad-plain", "root: epsilon outside where it is inside"),
    ("difference_of_definitions-adadelta-plain", "adadelta: epsilon outside the root"),
])
def test_a_claim_about_definitions_notices(claim, fault):
    check = next(c for c in STEPS if c.identity == f"{NAME}/{claim}")
    assert judge(check, InProcess(Faulty(with_fault(*PLAIN[fault])))).verdict == "fail"


def test_without_a_fault_every_claim_passes():
    subject = InProcess()
    assert Counter(judge(check, subject).verdict for check in STEPS) == {"pass": len(STEPS)}


def test_a_default_that_changed_is_noticed():
    subject = InProcess(Faulty(with_fault('"sgd": {"learning_rate": 0.01,', '"sgd": {"learning_rate": 0.1,')))
    checks = [c for c in STEPS if c.name == "defaults"]
    verdicts = {c.identity: judge(c, subject) for c in checks}
    assert [i.rsplit("-", 1)[1] for i, outcome in verdicts.items() if outcome.verdict == "fail"] == ["sgd"]
    notes = next(iter(verdicts.values())).notes
    assert notes[0].name == "Defaults and definitions" and notes[0].value["rows"][0][0] == "sgd"


def test_the_framework_that_gives_nothing_back_fails():
    class Silent(Reference):
        def run_optimizer(self, request: OptimizerRequest):
            seen = super().run_optimizer(request)
            return type(seen)({}, facts=seen.facts)

    assert judge(STEPS[0], InProcess(Silent())).verdict == "fail"
