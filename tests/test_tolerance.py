"""Tolerances pass every honest float32 arithmetic, fail products in fewer bits, and are 0 where exactness is due."""

import pickle
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cases import tolerance
from cases.batches import Batch, BatchPlan
from cases.layers import ACTIVATIONS, DIRECTIONS, GATES, MERGES, Layer, draw_weights, generator
from cases.layouts import reorder
from cases.models import ModelRequest, Training, draw_model_weights, node, sequential
from cases.reference import run, run_model
from cases.reference.arithmetic import Arithmetic, using
from cases.requests import WANTS, Execution, Request
from cases.tolerance import compare, expect, expect_model, rounded_to, unit_roundoff

FORWARD = ("outputs", "states")
DRAWS, PER_TEST = 240, 20


class Permuted(Arithmetic):
    """float32: sums term after term in a random order; activations wrong by up to 4 units in the last place, at random
    (lean 0), or by exactly that much upwards or downwards (lean 1 or -1)."""

    def __init__(self, seed: int, lean: int):
        self.random, self.lean = np.random.default_rng(seed), lean

    def product(self, a, b):
        total = np.zeros((*a.shape[:-1], b.shape[-1]), np.float32)
        for k in self.random.permutation(a.shape[-1]):
            total = total + a[..., :, k : k + 1] * b[..., k : k + 1, :]
        return total

    def activated(self, name, value):
        units = 4 * self.lean if self.lean else self.random.integers(-4, 5, value.shape)
        exact = name in ("relu", "linear")
        return value if exact else (value + units * np.spacing(np.abs(value))).astype(np.float32)


class Fused(Arithmetic):
    """float32 whose products are rounded once, at the end."""

    def product(self, a, b):
        return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.float32)


class Coarse(Arithmetic):
    """float32 whose products round their operands first: to bfloat16 (8 bits), TF32 or float16 (11 bits)."""

    def __init__(self, dtype: str):
        self.dtype = dtype

    def product(self, a, b):
        return rounded_to(a, self.dtype).astype(np.float32) @ rounded_to(b, self.dtype).astype(np.float32)


def drawn(number: int) -> Request:
    """A random request with something to compute: layers from one unit on, batches from one step on."""
    random = generator("tolerance", number)

    def pick(*values):
        return values[random.integers(len(values))]

    layer = Layer(
        pick(*GATES),
        pick(1, 2, 3, 5, 16),
        pick(1, 2, 3, 4, 8, 16),
        pick(1, 1, 2),
        pick(*DIRECTIONS),
        pick(*MERGES[:4]),
        return_sequences=pick(True, True, False),
        activation=pick("tanh", "tanh", "tanh", *ACTIVATIONS),
        recurrent_activation=pick("sigmoid", "sigmoid", "sigmoid", "hard_sigmoid"),
        bias=pick(True, True, False),
        reset_after=pick(True, False),
    )
    mask = pick("none", "none", "right", "left", "gaps", "single")
    batch = BatchPlan(pick(1, 2, 4), pick(1, 3, 6, 12, 30), mask, pick(True, False)).draw(layer, number)
    return Request(layer, draw_weights(layer, number), batch, wants=WANTS)


def deviations(request: Request, arithmetic: Arithmetic) -> list[str]:
    """What `arithmetic` in float32 deviates in."""
    with using(arithmetic):
        seen = run(request, dtype="float32")
    return [
        deviation.message
        for name, expected in expect(request).items()
        for deviation in compare(name, seen[name], expected.value, expected.allowed)
    ]


@pytest.mark.parametrize("start", range(0, DRAWS, PER_TEST))
def test_float32_in_any_order_and_with_fast_activations_never_deviates(start):
    for number in range(start, start + PER_TEST):
        request = drawn(number)
        for arithmetic in (Arithmetic(), Fused(), *(Permuted(number, lean) for lean in (0, 1, -1))):
            assert not deviations(request, arithmetic), (type(arithmetic).__name__, str(request.layer))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("start", range(0, DRAWS, PER_TEST))
def test_a_product_of_fewer_bits_in_a_float32_layer_always_deviates_in_outputs_and_states_alone(start, dtype):
    for number in range(start, start + PER_TEST):
        request = drawn(number).but(wants=FORWARD)
        assert deviations(request, Coarse(dtype)), str(request.layer)


def test_a_float32_path_in_a_float64_layer_deviates():
    for cell in GATES:
        layer = Layer(cell, 3, 4, dtype="float64")
        request = Request(layer, draw_weights(layer), BatchPlan().draw(layer), wants=WANTS)
        assert deviations(request, Arithmetic()), cell


class Rounding(Arithmetic):
    """Every result rounded to a 16-bit format."""

    def __init__(self, dtype: str):
        self.dtype = dtype

    def product(self, a, b):
        return rounded_to(rounded_to(a, self.dtype) @ rounded_to(b, self.dtype), self.dtype)

    def rounded(self, value):
        return rounded_to(value, self.dtype)

    def activated(self, name, value):
        return rounded_to(value, self.dtype)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("cell", GATES)
def test_a_sixteen_bit_layer_may_round_every_result_but_not_swap_two_gates(cell, dtype):
    layer = Layer(cell, 3, 4, dtype=dtype)
    request = Request(layer, draw_weights(layer), BatchPlan(mask="gaps", states=True).draw(layer), wants=WANTS)
    order = {"lstm": "fico", "gru": "rzh"}.get(cell)
    swapped = {n: reorder(w, 4, layer.gates, order) if order else w[..., ::-1] for n, w in request.weights.items()}
    for asked, fails in ((request, False), (request.but(weights=swapped), True)):
        with using(Rounding(tolerance.arithmetic_dtype(dtype))):
            seen = run(asked)
        wrong = [d for name, due in expect(request).items() for d in compare(name, seen[name], due.value, due.allowed)]
        assert bool(wrong) == fails, wrong[:1]


def test_what_is_exact_is_allowed_nothing():
    layer = Layer("lstm", 3, 4, padding_output="zero")
    request = Request(layer, draw_weights(layer), BatchPlan(mask="gaps").draw(layer), wants=WANTS)
    found, masked = expect(request), ~request.batch.mask
    for name in ("outputs", "gradients/inputs"):
        assert not found[name].value[masked].any() and not found[name].allowed[masked].any(), name
        assert found[name].allowed[~masked].all(), name
    assert not found["mask"].allowed.any() and np.array_equal(found["mask"].value, request.batch.mask)


def test_a_gradient_at_a_kink_may_fall_on_either_side():
    layer = Layer("simple_rnn", 1, 1, activation="relu", bias=False)
    weights = {"0/forward/kernel": np.array([[1.0]]), "0/forward/recurrent_kernel": np.array([[0.5]])}

    def allowed(pre_activation: float) -> float:
        inputs = np.array([[[1.0], [pre_activation - 0.5]]])  # the second step's sum is exact here, and nearly cancels
        batch = Batch(inputs, cotangents={"states/0/forward/h": np.array([[1.0]])})
        return float(expect(Request(layer, weights, batch, wants=WANTS))["gradients/inputs"].allowed[0, 1, 0])

    assert allowed(2.0**-24) >= 1.0, "the derivative is 0 or 1, and rounding decides which"
    assert allowed(0.25) < 1e-5


def test_longer_and_wider_layers_are_allowed_more():
    def allowed(units: int, time: int) -> float:
        layer = Layer("simple_rnn", 3, units, activation="linear")
        request = Request(layer, draw_weights(layer), BatchPlan(4, time).draw(layer))
        return float(expect(request)["states/0/forward/h"].allowed.max())

    assert allowed(4, 2) < allowed(4, 30) < allowed(64, 30)


def test_expectations_are_made_once_for_one_question_however_it_is_executed(monkeypatch):
    layer = Layer("gru", 2, 3)
    request = Request(layer, draw_weights(layer, 77), BatchPlan(2, 3).draw(layer, 77))
    first = expect(request)
    monkeypatch.setattr(tolerance, "run", None)  # from here on nothing can be computed
    again = expect(request.but(execution=Execution("compiled", origin="reloaded")))
    assert all(again[name] is first[name] for name in first)
    with pytest.raises(TypeError):
        expect(request, "zero")
    with pytest.raises(ValueError, match="read-only"):
        first["outputs"].value[0] = 1.0


def test_the_cache_is_bounded_and_safe_between_threads(monkeypatch):
    monkeypatch.setattr(tolerance, "CACHED", 5)
    monkeypatch.setattr(tolerance, "_answers", type(tolerance._answers)())
    layer = Layer("simple_rnn", 1, 1)
    requests = [Request(layer, draw_weights(layer, n % 8), BatchPlan(1, 2).draw(layer)) for n in range(64)]
    alone = [run(request)["outputs"] for request in requests]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(expect, requests))
    assert all(np.array_equal(seen["outputs"].value, due) for seen, due in zip(found, alone, strict=True))
    assert len(tolerance._answers) == 5


def test_threads_that_ask_the_same_wait_for_one_answer(monkeypatch):
    monkeypatch.setattr(tolerance, "_answers", type(tolerance._answers)())
    made = []

    def make():
        time.sleep(0.05)
        made.append(1)
        return {"outputs": 1}

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(tolerance._cached, "key", make) for _ in range(4)]
        assert [answer.result() for answer in asked] == [{"outputs": 1}] * 4
    assert len(made) == 1
    with pytest.raises(ZeroDivisionError):
        tolerance._cached("other", lambda: 1 / 0)
    assert tolerance._cached("other", make) == {"outputs": 1}


def test_answers_are_handed_on_to_another_process(monkeypatch):
    first = expect(drawn(5))
    kept = pickle.loads(pickle.dumps(tolerance.remembered()))
    monkeypatch.setattr(tolerance, "_answers", type(tolerance._answers)())
    tolerance.remember(kept)
    monkeypatch.setattr(tolerance, "run", None)
    assert all(np.array_equal(first[name].allowed, e.allowed) for name, e in expect(drawn(5)).items())


def test_expectations_are_the_same_in_every_process():
    request = drawn(5)
    first = {name: e.allowed for name, e in expect(request).items()}
    tolerance._answers.clear()
    assert all(np.array_equal(first[name], e.allowed) for name, e in expect(request).items())


def test_unit_roundoffs_are_those_of_the_formats():
    assert (
        unit_roundoff("float64") == np.finfo("float64").eps / 2
        and unit_roundoff("float32") == np.finfo("float32").eps / 2
    )
    assert unit_roundoff("float16") == unit_roundoff("mixed_float16") == np.finfo("float16").eps / 2
    assert unit_roundoff("bfloat16") == unit_roundoff("mixed_bfloat16") == 2.0**-8
    for unknown in ("float8", "mixed_float32", "int32"):
        with pytest.raises(ValueError, match=f"dtype='{unknown}': expected one of float64, float32"):
            unit_roundoff(unknown)


def test_rounding_to_a_format_is_numpys_where_numpy_has_it():
    values = generator("rounding").normal(0, 1, 1000)
    for dtype in ("float32", "float16"):
        normal = np.abs(values) > 1e-3
        assert np.array_equal(rounded_to(values, dtype)[normal], values.astype(dtype).astype(float)[normal])
    assert rounded_to(np.array([1 + 2.0**-8, 1 + 3 * 2.0**-8]), "bfloat16").tolist() == [1.0, 1 + 2.0**-6]


# Models


def small_model(dtype: str = "float32"):
    layer = Layer("lstm", 3, 4, return_state=False, dtype=dtype)
    nodes = (
        node("x", "input", shape=(5, 3)),
        node("mask", "masking", value=0.0),
        node("lstm", "recurrent", layer=layer),
        node("top", "recurrent", layer=Layer("gru", 4, 3, return_state=False, return_sequences=False, dtype=dtype)),
        node("out", "dense", units=2, activation="softmax"),
    )
    model = sequential("small", *nodes)
    random = generator("small model")
    inputs = BatchPlan(6, 5).draw(layer).inputs.copy()
    inputs[1, 3:] = inputs[4, 1:] = 0.0
    targets = np.eye(2)[random.integers(0, 2, 6)]
    training = Training("adam", (("learning_rate", 0.01),), "categorical_crossentropy", ((0, 1, 2), (3, 4, 5)) * 3)
    return ModelRequest(
        model, draw_model_weights(model, {"out": 3}), inputs, None, targets, training, wants=("gradients",)
    )


@pytest.mark.parametrize("padding", ["hold", {"lstm": "hold", "top": "zero"}])
def test_a_model_trained_in_float32_is_within_what_is_allowed_and_one_with_coarse_products_is_not(padding):
    request = small_model()
    due = expect_model(request, padding)
    for arithmetic, fails in (
        (Arithmetic(), False),
        (Permuted(1, 0), False),
        (Permuted(1, 1), False),
        (Coarse("float16"), True),
    ):
        with using(arithmetic):
            seen = run_model(request, padding, dtype="float32")
        assert set(seen.arrays) == set(due)
        wrong = {n for n, e in due.items() if compare(n, seen[n], e.value, e.allowed)}
        assert (wrong >= {"predictions", "losses", "trained"}) if fails else not wrong, (arithmetic, wrong)


# Comparing


def test_a_deviation_names_the_worst_place_in_the_terms_of_the_field():
    due = np.full((2, 4, 1), 0.4871)
    seen = due.copy()
    seen[0, 0, 0] += 1e-6
    seen[1, 3, 0] = 0.5123
    (found,) = compare("outputs", seen, due, 3.1e-7)
    assert (
        found.message
        == "outputs[batch 1, time 3, unit 0]: found 0.5123, expected 0.4871, differs by 2.5e-02, allowed 3.1e-07"
    )
    assert found.where == "outputs" and found.deviation == pytest.approx(0.0252) and found.allowed == 3.1e-7
    (close,) = compare("loss", np.array(1.0000001), np.array(1.0), 1e-9)
    assert close.message == "loss: found 1.0000001, expected 1, differs by 1.0e-07, allowed 1.0e-09"


@pytest.mark.parametrize(
    "where, shape, words",
    [
        ("states/0/forward/h", (2, 3), "batch 1, unit 2"),
        ("gradients/inputs", (2, 3, 4), "batch 1, time 2, feature 3"),
        ("gradients/states/0/forward/c", (2, 3), "batch 1, unit 2"),
        ("losses", (2,), "step 1"),
        ("gradients/weights/0/forward/kernel", (2, 3), "feature 1, column 2"),
        ("mask", (2, 3), "batch 1, time 2"),
        ("gradients/weights/0/forward/recurrent_kernel", (2, 3), "unit 1, column 2"),
        ("gradients/weights/0/backward/recurrent_bias", (2,), "column 1"),
        ("outputs/forward", (2, 3), "batch 1, unit 2"),
    ],
)
def test_every_array_has_names_for_its_axes(where, shape, words):
    due = np.zeros(shape)
    seen = due.copy()
    seen[tuple(n - 1 for n in shape)] = 1.0
    assert compare(where, seen, due, 0.0)[0].message.startswith(f"{where}[{words}]: found 1, expected 0,")


def test_worst_is_what_exceeds_its_own_allowance_most():
    (found,) = compare("outputs", np.array([[1.1, 2.5]]), np.array([[1.0, 2.0]]), np.array([[0.01, 0.4]]))
    assert "[batch 0, unit 0]" in found.message
    (exact,) = compare("outputs", np.array([[1e-30, 2.5]]), np.array([[0.0, 2.0]]), np.array([[0.0, 0.4]]))
    assert "[batch 0, unit 0]: found 1e-30, expected 0," in exact.message


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_never_passes_not_even_where_both_agree(value):
    due = np.ones((2, 3))
    seen = due.copy()
    seen[1, 2] = value
    (found,) = compare("outputs", seen, due, np.inf)
    assert f"outputs[batch 1, unit 2]: found {value}, expected 1" in found.message
    assert len(compare("outputs", seen, seen, np.inf)) == 1 and len(compare("outputs", due, seen, np.inf)) == 1
    assert len(compare("outputs", seen, due, np.full((2, 3), np.nan))) == 1
    assert len(compare("outputs", due + 1, due, np.full((2, 3), np.nan))) == 1


def test_another_shape_is_one_deviation_even_where_it_would_broadcast():
    (found,) = compare("outputs", np.ones((2, 1)), np.ones((2, 3)), 1.0)
    assert found.message == "outputs: found shape (2, 1), expected (2, 3)"
    assert not compare("outputs", np.ones((2, 0)), np.ones((2, 0)), 0.0)


def test_equal_masks_pass_and_different_ones_do_not():
    mask = np.array([[True, False]])
    assert not compare("mask", mask, mask.astype(float), 0.0)
    assert (
        "mask[batch 0, time 1]: found 1, expected 0"
        in compare("mask", ~mask | True, mask.astype(float), 0.0)[0].message
    )
