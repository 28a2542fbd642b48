"""Scripts of failures: they are plain text, say what the equations say, run by themselves, and exit 1 only for a fault."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from cases.batches import Batch, BatchPlan, with_padding_content
from cases.layers import Layer, draw_weights
from cases.layouts import to_keras, to_pytorch
from cases.models import FunctionRequest
from cases.reference import run
from cases.requests import Deviation, Execution, Observation, Refusal, Request, Reset
from reports.__main__ import main as reports
from reports.lines import Verdict
from suite.repros import again, equations, file_name, script
from suite.repros.compose import body
from suite.repros.data import Data
from suite.repros.finding import Asked, Finding, NoScript, find
from suite.repros.keras import Keras
from suite.repros.pytorch import PyTorch
from suite.subjects.specification import parse
from tests.suite_runs import ROOT, suite_run

EVERYTHING = ("outputs", "states", "mask", "gradients")
needs_known_faults = pytest.mark.skipif(version("keras") != "3.15.1", reason="faults of Keras 3.15.1")


def request(layer: Layer, mask: str = "right", states: bool = True, time: int = 4, execution: str = "fused", **others) -> Request:
    batch = BatchPlan(3, time, mask, states).draw(layer)
    kernel, *further = execution.split()
    how = Execution(kernel, **dict(each.split("=") for each in further))
    return Request(layer, draw_weights(layer), batch, wants=EVERYTHING, execution=how, **others)


LSTM = Layer("lstm", 2, 3)
VARIOUS = {
    "lstm": request(LSTM),
    "no mask, no states": request(LSTM, "none", False),
    "gru": request(Layer("gru", 2, 3), "gaps"),
    "gru reset before": request(
        Layer("gru", 2, 3, reset_after=False, activation="relu", recurrent_activation="hard_sigmoid"), "left"
    ),
    "gru without bias": request(Layer("gru", 2, 3, bias=False)),
    "rnn": request(Layer("simple_rnn", 2, 3, activation="softsign"), "single"),
    "backward": request(LSTM.but(direction="backward"), "left"),
    "bidirectional": request(LSTM.but(direction="bidirectional"), "right"),
    "ave": request(LSTM.but(direction="bidirectional", merge="ave", activation="elu", recurrent_activation="softsign")),
    "mul": request(LSTM.but(direction="bidirectional", merge="mul", activation="linear")),
    "two outputs": request(LSTM.but(direction="bidirectional", merge="none")),
    "stack": request(LSTM.but(layers=2, direction="bidirectional", merge="sum", activation="softplus"), "gaps"),
    "stack, last": request(LSTM.but(layers=2, return_sequences=False), "right"),
    "backward stack": request(Layer("gru", 2, 3, layers=2, direction="backward"), "none"),
    "last of two directions": request(LSTM.but(direction="bidirectional", return_sequences=False)),
    "stack without states": request(LSTM.but(layers=2, direction="bidirectional", merge="sum"), "gaps", False),
    "last of a stack without states": request(LSTM.but(layers=2, return_sequences=False), "right", False),
    "from config without states": request(LSTM.but(layers=2), states=False, execution="fused origin=from_config"),
    "zero output": request(LSTM.but(padding_output="zero"), "gaps"),
    "no state": request(LSTM.but(return_state=False, bias=False)),
    "float64": request(LSTM.but(dtype="float64")),
    "generic": request(LSTM.but(implementation=1), execution="generic"),
    "unrolled": request(LSTM, "none", execution="unrolled"),
    "compiled": request(LSTM, execution="compiled"),
    "training": request(LSTM, execution="fused mode=training"),
    "reloaded": request(LSTM, execution="fused origin=reloaded"),
    "from config": request(LSTM.but(layers=2), execution="fused origin=from_config"),
    "predict": request(LSTM, execution="fused entry=predict"),
    "mask from numbers": request(LSTM, "gaps", False, execution="fused mask_from=masking_number"),
    "mask from inf": request(LSTM, "left", execution="fused entry=predict mask_from=masking_inf"),
    "mask from zeros": request(LSTM, "gaps", False, execution="compiled mask_from=masking"),
    "long": request(LSTM, time=20),
}
STATEFUL = LSTM.but(stateful=True)
FIRST = BatchPlan(3, 4, "right").draw(STATEFUL)
VARIOUS["stateful"] = request(STATEFUL, states=False, before=(FIRST,))
VARIOUS["stateful loop"] = request(STATEFUL.but(bias=False), states=False, execution="generic", before=(FIRST, Reset(), FIRST))
VARIOUS["reset"] = request(STATEFUL.but(layers=2), states=False, before=(FIRST, Reset(), FIRST))
WRITERS = {"tensorflow": Keras("tensorflow"), "jax": Keras("jax"), "torch": Keras("torch"), "pytorch": PyTorch()}
GRADIENTS = ("gradients/inputs", "gradients/weights/0/forward/recurrent_kernel", "gradients/states/0/forward/h", "loss")


def right_for(stack: str, question: Request) -> bool:
    """Whether this stack can be asked."""
    layer = question.layer
    if stack == "pytorch":
        plain = question.execution.mask_from == "argument" and question.batch.right_padded
        return plain and (layer.activation, layer.recurrent_activation) == ("tanh", "sigmoid") and (
            layer.direction != "backward" and layer.merge == "concat" and layer.reset_after and layer.return_sequences
            and layer.implementation == 2 and layer.padding_output == "default")
    return question.execution.kernel != "compiled" or stack != "torch"


def padding(stack: str, layer: Layer) -> str:
    forced = layer.direction == "bidirectional" and layer.return_sequences
    return "zero" if stack == "pytorch" or forced or layer.padding_output == "zero" else "hold"


def value(stack: str, question: Request, name: str = "", tolerance: float = 1e-4, **others) -> Finding:
    name = name or question.layer.output_names[-1]
    return Finding("value", question, name, padding=padding(stack, question.layer), tolerance=tolerance, **others)


def text(stack: str, finding: Finding) -> str:
    return "\n".join(body(finding, WRITERS[stack]))


@pytest.mark.parametrize("stack, what", [(s, what) for s in WRITERS for what, asks in VARIOUS.items() if right_for(s, asks)])
def test_every_kind_of_question_can_be_written(stack, what):
    question = VARIOUS[what]
    layer = question.layer
    names = [*layer.output_names, f"states/{layer.state_keys()[-1]}" if layer.return_state else "outputs"]
    if question.execution.entry == "direct":
        names += [f"gradients/weights/0/{layer.directions[0]}/kernel", "gradients/inputs", "loss"]
    findings = [value(stack, question, name) for name in names if not name.endswith("/outputs")]
    findings += [value(stack, question, names[0], finite=True), Finding("error", question, "outputs", error="ValueError"),
                 Finding("error", question, "outputs", error="_Own"), Finding("no error", question, error="wrong \"shape\""),
                 Finding("death", question), Finding("dtype", question, names[0]), Finding("shape", question, names[0])]
    if stack != "pytorch" and question.batch.mask is not None:
        findings.append(Finding("value", question, "mask"))
    for finding in findings:
        told = text(stack, finding)
        compile(told, what, "exec")
        assert "suite" not in told and "cases" not in told
        assert max(map(len, told.splitlines())) <= 130


@pytest.mark.parametrize("convention, what", [
    (convention, what) for convention in ("keras", "torch") for what, asks in VARIOUS.items()
    if not asks.before and (convention == "keras" or asks.layer.reset_after)
])
def test_the_equations_of_a_script_are_those_of_the_reference(convention, what):
    question = VARIOUS[what]
    layer, batch = question.layer, question.batch
    if convention == "keras":
        arrays = [a for cell in to_keras(layer, question.weights).values() for a in cell]
    else:
        arrays = list(to_pytorch(layer, question.weights).values())
    for held in ("hold", "zero"):
        lines = equations.written(layer, batch.mask is not None, held, convention)
        space = {"np": np, "w": arrays}
        exec("\n".join(lines), space)
        zeros = [np.zeros((batch.size, layer.units))] * len(layer.state_keys())
        states = [batch.initial_states[key] for key in layer.state_keys()] if batch.initial_states else zeros
        found = space["equations"](batch.inputs, batch.mask, states)
        expected = run(question, held)
        order = [*layer.output_names, *(f"states/{key}" for key in layer.state_keys() if layer.return_state)]
        assert len(found) == len(order)
        for name, array in zip(order, found, strict=True):
            np.testing.assert_allclose(array, expected[name], rtol=1e-9, atol=1e-12, err_msg=f"{what}, {held}: {name}")


def run_scripts(texts: dict[str, str], place: Path) -> dict[str, int]:
    """The exit status of every script; all in one process, for an import costs seconds."""
    for name, told in texts.items():
        (place / f"{name}.py").write_text(told)
    runner = place / "all_of_them.py"
    runner.write_text(
        "import runpy, sys, traceback\n"
        "for path in sys.argv[1:]:\n"
        "    status = 0\n"
        "    try:\n        runpy.run_path(path, run_name='__main__')\n"
        "    except SystemExit as end:\n        status = int(end.code or 0)\n"
        "    except Exception:\n        traceback.print_exc(); status = 77\n"
        "    print('STATUS', path, status)\n"
    )
    paths = [str(place / f"{name}.py") for name in texts]
    variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-P", str(runner), *paths], capture_output=True, text=True, env=variables, timeout=300)
    ends = [line.split() for line in done.stdout.splitlines() if line.startswith("STATUS")]
    assert len(ends) == len(paths), done.stdout + done.stderr
    statuses = {Path(path).stem: int(status) for _, path, status in ends}
    if 77 in statuses.values():
        pytest.fail(done.stderr[-3000:])
    return statuses


def healthy(stack: str) -> dict[str, str]:
    """Scripts that find nothing wrong. What Keras 3.15.1 does wrong is left out: float64, which its torch engine computes in
    float32 here and there; states given where the mask comes with the inputs, and so stacks with states: they lose the mask."""
    texts = {}
    for number, (what, question) in enumerate(VARIOUS.items()):
        faulty = what in ("float64", "backward stack", "mask from inf")
        faulty = faulty or (question.layer.layers > 1 and question.batch.initial_states)
        if not right_for(stack, question) or (stack != "pytorch" and faulty):
            continue
        texts[f"outputs_{number}"] = text(stack, value(stack, question, where="valid"))
        if question.layer.return_state:
            texts[f"states_{number}"] = text(stack, value(stack, question, f"states/{question.layer.state_keys()[-1]}"))
        texts[f"finite_{number}"] = text(stack, value(stack, question, finite=True))
        texts[f"error_{number}"] = text(stack, Finding("error", question, "outputs", error="TypeError"))
        texts[f"dtype_{number}"] = text(stack, Finding("dtype", question, question.layer.output_names[0]))
        texts[f"shape_{number}"] = text(stack, Finding("shape", question, question.layer.output_names[0]))
    for what in ("lstm", "gru", "bidirectional"):
        for number, name in enumerate(GRADIENTS):
            if right_for(stack, VARIOUS[what]):
                texts[f"gradient_{what}_{number}"] = text(stack, value(stack, VARIOUS[what], name, tolerance=1e-3))
    clean, loop = VARIOUS["lstm"], VARIOUS["lstm"].but(execution=Execution("generic"))
    dirty = clean.but(batch=with_padding_content(clean.batch, 7.0))
    texts["content"] = text(stack, value(stack, dirty, against=clean, where="valid"))
    texts["content_gradient"] = text(stack, value(stack, dirty, GRADIENTS[1], against=clean))
    texts["content_zero"] = text(stack, value(stack, dirty, GRADIENTS[0], zero=True))
    if stack != "pytorch":
        texts["loop"] = text(stack, value(stack, clean, against=loop))
        unmasked = VARIOUS["no mask, no states"]
        zeros = {key: np.zeros((3, 3)) for key in LSTM.state_keys()}
        full = Batch(unmasked.batch.inputs, np.ones((3, 4), bool), zeros, unmasked.batch.cotangents)
        texts["full"] = text(stack, value(stack, unmasked, against=unmasked.but(batch=full)))
        texts["mask"] = text(stack, Finding("value", VARIOUS["bidirectional"], "mask"))
    return texts


@pytest.mark.slow
@pytest.mark.parametrize("stack", ["torch", "pytorch"])
def test_a_script_exits_0_where_nothing_is_wrong(stack, tmp_path):
    statuses = run_scripts(healthy(stack), tmp_path)
    assert {name: status for name, status in statuses.items() if status} == {}
    assert len(statuses) > 40


@pytest.mark.slow
def test_a_script_exits_1_where_the_layer_computes_something_else(tmp_path):
    """The same scripts with one line of the layer's changed, as a fault would."""
    texts = {}
    for name, told in healthy("pytorch").items():
        if name.startswith(("outputs", "states")):
            texts[name] = told.replace("\nw = [", "\nfound = found * 1.01\nw = [")
        elif name.startswith(("finite", "dtype", "shape")):
            broken = told.replace("\nfound = results[0]", "\nfound = np.nan * results[0]")
            texts[name] = broken.replace("\nprint(\"expected", "\nif 'expected' in vars(): expected = 0\nprint(\"expected", 1)
    statuses = run_scripts(texts, tmp_path)
    assert {name: status for name, status in statuses.items() if status != 1} == {}


def seen(question: Request, **changes) -> Observation:
    """The reference's answer, with some arrays changed."""
    answer = run(question, "hold")
    arrays = {name: changes.get(name.replace("/", "_"), array) for name, array in answer.arrays.items()}
    return Observation(arrays, facts={"padding": "hold"})


def asked(question: Request, **changes) -> Asked:
    return Asked(question, seen(question, **changes))


def test_the_wrong_one_of_two_answers_is_found_and_shown_against_the_right_one():
    clean = request(LSTM, states=False)
    dirty = clean.but(batch=with_padding_content(clean.batch, np.nan))
    wrong = np.full_like(seen(clean)["outputs"], np.nan)
    finding = find([asked(clean), asked(dirty, outputs=wrong)], [Deviation("outputs", "NaN")], "fail")
    assert (finding.kind, finding.name, finding.finite) == ("value", "outputs", True)
    assert finding.request is dirty and finding.against is clean
    told = text("torch", finding)
    assert "x[~mask] = np.nan" in told and "x2[~mask] = 0" in told and "def equations" not in told


def test_a_wrong_answer_without_a_right_one_is_shown_against_the_equations():
    question = request(LSTM)
    wrong = seen(question)["states/0/forward/c"] + 0.5
    finding = find([asked(question, states_0_forward_c=wrong)], [Deviation("states/0/forward/c", "off", 0.5, 1e-6)], "fail")
    assert (finding.name, finding.against, finding.finite) == ("states/0/forward/c", None, False)
    assert 1e-6 < finding.tolerance < 0.5
    assert "def equations" in text("torch", finding)


def test_outputs_that_are_wrong_are_shown_rather_than_the_gradients_that_follow():
    question = request(LSTM)
    answer = seen(question)
    changed = asked(question, outputs=answer["outputs"] + 1, gradients_inputs=answer["gradients/inputs"] + 1)
    assert find([changed], [Deviation("gradients/inputs", "off", 1.0, 1e-6)], "fail").name == "outputs"


def test_a_wrong_mask_that_was_taken_in_silence_is_shown():
    question = request(LSTM)
    answer = seen(question)
    wrong = question.but(batch=question.batch.but(mask=np.ones((3, 6), bool), cotangents=None), wants=("outputs", "states"))
    finding = find([Asked(wrong, answer)], [Deviation("mask", "a longer mask was taken in silence")], "fail")
    assert finding.kind == "no error" and finding.request is wrong
    assert "np.ones((3, 6), bool)" in text("tensorflow", finding)


def test_an_error_of_a_layer_with_dropout_is_shown():
    question = request(LSTM.but(dropout=0.5), execution="fused mode=training")
    refused = Asked(question, Refusal("RuntimeError", "Exception encountered when calling LSTM.call()."))
    told = text("torch", find([refused], [Deviation("error", "raised")], "fail"))
    assert "dropout=0.5" in told and "training=True" in told and "except RuntimeError" in told


def test_a_lost_mask_is_shown():
    question = request(LSTM)
    arrays = {name: array for name, array in seen(question).arrays.items() if name != "mask"}
    finding = find([Asked(question, Observation(arrays, facts={"padding": "hold"}))], [Deviation("mask", "none")], "fail")
    assert finding.name == "mask" and "get_keras_mask" in text("jax", finding)


@pytest.mark.parametrize("asks, deviation, verdict, reason", [
    ([], Deviation("error", ""), "fail", "asked nothing"),
    ([Asked(FunctionRequest("pad_sequences", ()))], Deviation("result", ""), "fail", "FunctionRequest"),
    ([Asked(request(LSTM.but(dropout=0.5), execution="fused mode=training"), Observation({}))], Deviation("outputs", ""), "fail",
     "dropout"),
    ([asked(request(LSTM))], Deviation("outputs", "a comparison of its own", 1.0, 0.1), "fail", "each answer by itself"),
])
def test_where_there_is_no_script_there_is_a_reason(asks, deviation, verdict, reason):
    with pytest.raises(NoScript, match=reason):
        find(asks, [deviation], verdict)


def test_nobody_writes_scripts_for_a_backend_of_ones_own():
    refused = [Asked(VARIOUS["lstm"], Refusal("ValueError", "no"))]
    with pytest.raises(NoScript, match="tests.fakes:Own"):
        script(refused, [Deviation("error", "")], "fail", ["tests.fakes:Own"], "own 1", "cpu", "It holds.", "no", "own::it::x")


def test_what_a_framework_says_cannot_break_a_script():
    refused = [Asked(VARIOUS["lstm"], Refusal("ValueError", 'a """ quote', "build"))]
    message = 'raised ValueError: a """ quote and \\N{nothing} and "'
    told = script(refused, [Deviation("error", "")], "fail", ["keras-jax"], "keras 3", "cpu", "It holds.", message, "x::y::z")
    compile(told, "x", "exec")


def test_file_names_are_short_and_differ():
    long = [f"keras-torch::outputs_match_reference::{'gru_' * 60}{number}" for number in range(3)]
    names = {file_name(identity) for identity in (*long, "torch::a::b", "torch[cuda]::a::b")}
    assert len(names) == 5 and all(len(name) < 200 and name.startswith("repros/") for name in names)


def test_special_data_is_written_out():
    data = Data("float32")
    batch = BatchPlan(3, 4, "right").draw(LSTM)
    masked = with_padding_content(batch, np.inf)
    mask = data.mask(masked)
    assert data.mask(batch) == mask and data.inputs(masked, mask) == "x" and data.inputs(masked, mask) == "x"
    assert "x[~mask] = np.inf" in data.lines
    far = Batch(batch.inputs * 16)
    assert data.inputs(far, None) == "x2" and any("16 * draw" in line for line in data.lines)


def stub(folder: Path, name: str, told: str, verdict: str = "fail", known: str | None = None) -> Verdict:
    (folder / "repros").mkdir(exist_ok=True)
    (folder / "repros" / f"{name}.py").write_text(told)
    return Verdict(f"torch::{name}::x", "torch", name, verdict, repro=f"repros/{name}.py", known=known)


SHOWS = "import sys; print('expected 1'); print('found 2'); sys.exit(1)"


def test_scripts_that_do_not_show_their_fault_are_told_from_those_that_do(tmp_path):
    stubs = [
        stub(tmp_path, "shows", SHOWS), stub(tmp_path, "silent", "print('expected'); print('found')"),
        stub(tmp_path, "mistaken", "nonsense"), stub(tmp_path, "dies", "import os; os.kill(os.getpid(), 11)", "crash"),
        stub(tmp_path, "hangs", "import time; time.sleep(30)"),
    ]
    results = again.run(stubs, tmp_path, lambda record: parse("torch"), 60, 4)
    assert [each.shown for each in results] == [True, False, False, True, None]
    assert "NameError" in results[2].said and "exits 0" in results[1].said
    assert [each.shown for each in again.run(stubs[:1], tmp_path, lambda record: parse("torch"), 0)] == [None]


def test_the_sample_holds_one_script_a_finding_and_a_few_new_failures(tmp_path):
    records = [stub(tmp_path, f"known{n}", "#" * (50 - n), "known", f"key{n % 2}") for n in range(6)]
    records += [stub(tmp_path, f"new{n}", "#" * n) for n in range(5)]
    records += [Verdict("torch::none::x", "torch", "none", "fail"), Verdict("torch::fine::x", "torch", "fine", "pass")]
    chosen = again.sample(records, tmp_path)
    assert [each.invariant for each in chosen] == ["new0", "new1", "new2", "known5", "known4"]


def test_a_run_says_which_scripts_there_are_and_why_not(tmp_path):
    run = suite_run(tmp_path, "--subject", "tests.fakes:WrongOutputs", "--depth", "smoke", "-k", "outputs_match_reference")
    failed = [each for each in run.records.verdicts if each.verdict == "fail"]
    assert failed and all(each.repro is None and "nobody writes scripts" in each.more["no_repro"] for each in failed)
    assert run.records.end.more["repros"] == {"written": 0, "without": len(failed), "tried": []}
    assert f"repros/: 0 scripts, none for {len(failed)}" in run.said


@needs_known_faults
@pytest.mark.slow
def test_known_faults_of_keras_are_shown_by_their_scripts(tmp_path, capsys):
    """Unrolled, backward and masked: an error. A mask that is not reversed. NaN in padding in the gradients. Float64."""
    wanted = (
        "(unrolled_is_generic and unrolled) or (mask_is_passed_on and backward) or (padding_gradient_nan and fused)"
        " or (states_match_reference and backward and unrolled) or (outputs_match_reference and float64)"
    )
    run = suite_run(tmp_path, "--subject", "keras-torch", "-k", wanted)
    failed = [each for each in run.records.verdicts if each.verdict in ("fail", "known")]
    assert {each.invariant for each in failed} >= {"unrolled_is_generic", "mask_is_passed_on", "padding_gradient_nan",
                                                   "states_match_reference", "outputs_match_reference"}
    assert all((run.folder / each.repro).is_file() for each in failed)
    tried = run.records.end.more["repros"]["tried"]
    assert [each for each in tried if each["shown"] is False] == []
    assert sum(each["shown"] is True for each in tried) >= 2
    shortest = {}
    for each in sorted(failed, key=lambda each: (run.folder / each.repro).stat().st_size):
        shortest.setdefault(each.invariant, each)
    texts = {name: (run.folder / each.repro).read_text() for name, each in shortest.items()}
    assert set(run_scripts(texts, tmp_path).values()) == {1}
    assert reports(["show", str(run.folder), "--repro", failed[0].id]) == 0
    assert capsys.readouterr().out.strip() == (run.folder / failed[0].repro).read_text().strip()
    page = (run.folder / "index.html").read_text()
    assert "os.environ[\\\"KERAS_BACKEND\\\"]" in page


def test_the_check_of_scripts_can_be_switched_off(tmp_path):
    run = suite_run(tmp_path, "--subject", "tests.fakes:WrongOutputs", "--depth", "smoke", "-k", "outputs_match_reference",
                    "--no-repro-check")
    assert "tried" not in run.records.end.more["repros"] and "none was tried again" in run.said


def test_no_framework_is_imported_to_write_scripts():
    code = "import sys, suite.repros; print([m for m in ('torch', 'keras', 'tensorflow', 'jax') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_scripts_of_one_stack_are_forked_from_one_interpreter_and_leave_nothing_to_each_other(tmp_path):
    told = ("import os, sys, torch\nprint('expected', os.getppid(), __name__)\nprint('found', hasattr(torch, 'mark'))\n"
            "torch.mark = 1\nsys.exit(1)")
    stubs = [stub(tmp_path, name, told) for name in ("one", "two")]
    with again.forking(stubs[0], parse("torch")) as nursery:
        said = [again.again(each, tmp_path, parse("torch"), 10, nursery).said for each in stubs]
        parent = nursery.pid
    assert said == [f"expected {parent} __main__; found False"] * 2


def test_a_script_that_hangs_is_killed_and_the_next_one_runs(tmp_path):
    stubs = [stub(tmp_path, "hangs", "import time; time.sleep(60)"), stub(tmp_path, "shows", SHOWS)]
    with again.forking(stubs[0], parse("torch")) as nursery:
        assert [again.again(each, tmp_path, parse("torch"), 2, nursery).shown for each in stubs] == [None, True]


def test_where_nothing_can_be_forked_each_script_has_an_interpreter_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(again, "IMPORTED", {"torch": ("no_such_module",)})
    each = stub(tmp_path, "shows", SHOWS)
    with again.forking(each, parse("torch")) as nursery:
        assert nursery.run(tmp_path / "repros" / "shows.py", str(tmp_path), 5) is None
        assert again.again(each, tmp_path, parse("torch"), 20, nursery).shown is True
