"""A subject in an interpreter of its own: it answers, remembers, times out, dies, starts again, and leaves nothing."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cases.batches import BatchPlan
from cases.layers import Layer, draw_weights
from cases.models import FunctionRequest
from cases.requests import Observation, Refusal, Request, Unsupported
from suite.backends import BACKENDS
from suite.subjects import patience, specification
from suite.subjects.interpreter import Broken, Died, TimedOut, exit_words
from suite.subjects.specification import BadSubject, Specification, missing, parse
from suite.subjects.subject import Subject, lots

TESTS = Path(__file__).parent
LSTM, GRU = Layer("lstm", 3, 5), Layer("gru", 3, 5)


def request(layer: Layer = LSTM, mask: str = "right", seed: int = 0) -> Request:
    return Request(layer, draw_weights(layer, seed), BatchPlan(mask=mask).draw(layer, seed))


@pytest.mark.parametrize(("steps", "time", "layers", "times"), [
    (10, 20, 1, 1), (2000, 1, 3, 5), (21, 362, 3, 3), (0, 362, 3, 1),
])
def test_a_long_training_has_more_time(steps, time, layers, times):
    from cases.models import ModelRequest, Training, node, sequential

    chain = [node(f"lstm_{n}", "recurrent", layer=Layer("lstm", 3, 3, return_state=False)) for n in range(layers)]
    model = sequential("long", node("x", "input", shape=(time, 3)), *chain)
    assert lots(ModelRequest(model, {}, np.zeros((2, time, 3)), training=Training(batches=((0, 1),) * steps))) == times
    assert lots(request()) == 1


@pytest.fixture
def subject(tmp_path, monkeypatch):
    """Makes subjects of fakes, whose temporary files lie in `tmp_path`, and ends them."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = []

    def make(fake: str, timeout: float = 20.0, **others) -> Subject:
        kind = f"tests.fakes:{fake}"
        made.append(Subject(Specification(fake, kind, kind), timeout=timeout, **others))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def log(tmp_path, monkeypatch) -> Path:
    """The file to which fakes write a line a request."""
    path = tmp_path / "asked"
    path.touch()
    monkeypatch.setenv("FAKE_LOG", str(path))
    return path


def processes(pid: int) -> list[str]:
    """The state of the process, from the system: empty where it is gone."""
    try:
        return [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]]
    except OSError:
        return []


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether the process is gone, and not only a zombie, after at most so many seconds."""
    end = time.monotonic() + seconds
    while processes(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not processes(pid)


def test_a_subject_starts_and_tells_what_it_is(subject):
    right = subject("AlwaysRight")
    right.start()
    assert right.about["versions"]["numpy"] == np.__version__
    assert right.about["pid"] != os.getpid()
    assert right.about["devices"] == ("cpu",)


def test_a_subject_answers_in_its_own_interpreter_what_it_answers_in_ours(subject):
    one, other = subject("AlwaysRight")(request()), subject("AlwaysRight", inline=True)(request())
    assert isinstance(one, Observation) and set(one.arrays) == set(other.arrays) and len(one.arrays) == 3
    for name in one.arrays:
        assert one[name].tobytes() == other[name].tobytes()
    assert one.facts == other.facts


def test_an_identical_request_is_asked_once(subject, log):
    right = subject("AlwaysRight")
    first, again = right(request()), right(request())
    assert again is first and len(log.read_text().splitlines()) == 1
    assert (right.requests, right.remembered) == (2, 1)
    right(request(seed=1))
    assert len(log.read_text().splitlines()) == 2


def test_what_is_remembered_cannot_be_changed_by_a_check(subject):
    with pytest.raises(ValueError, match="read-only"):
        subject("AlwaysRight")(request())["outputs"][0] = 0


def test_a_hanging_subject_is_killed_and_starts_again(subject, log):
    hangs = subject("Hangs", timeout=1.0)
    hangs(request())
    pid = hangs.about["pid"]
    began = time.monotonic()
    with pytest.raises(TimedOut, match="no answer within 1 s; killed"):
        hangs(request(GRU))
    assert 1.9 < time.monotonic() - began < 8
    assert gone(pid)
    assert isinstance(hangs(request(seed=1)), Observation)
    assert hangs.about["pid"] != pid and hangs.restarts == 2 and not hangs.recovered


def test_what_hung_twice_is_not_waited_for_again_and_nothing_else_is_asked_twice(subject, log):
    hangs = subject("Hangs", timeout=0.5)
    for _ in range(2):
        with pytest.raises(TimedOut):
            hangs(request(GRU))
    assert len(log.read_text().splitlines()) == 2
    with pytest.raises(TimedOut):
        hangs(request(GRU, seed=1))
    assert len(log.read_text().splitlines()) == 3


def test_who_hangs_again_and_again_is_waited_for_no_longer_than_its_answers_take(subject, log, monkeypatch):
    monkeypatch.setattr(patience, "LEAST", 0.25)
    monkeypatch.setattr(patience, "TIMES", 0)
    hangs = subject("Hangs", timeout=1.0)
    hangs(request())
    said = []
    for seed in range(4):
        with pytest.raises(TimedOut) as error:
            hangs(request(GRU, seed=seed)) if seed < 2 else hangs.double()(request(GRU, seed=seed))
        said.append(str(error.value).split(";")[0])
    assert said == ["no answer within 1 s", "no answer within 1 s", "no answer within 0.25 s", "no answer within 0.25 s"]
    assert isinstance(hangs(request(seed=1)), Observation)


def test_patience_is_many_times_what_a_question_of_the_kind_took(monkeypatch):
    monkeypatch.setattr(patience.time, "perf_counter", iter([0.0, 2.0, 2.0, 2.5, *range(10, 30)]).__next__)
    ours, layer = patience.Patience(60.0), request()
    for asked in (FunctionRequest("slow", ()), layer):
        with ours.watching(asked):
            pass
    assert ours.limit(layer) == 60
    for _ in range(patience.TRUSTED):
        with pytest.raises(TimedOut), ours.watching(layer):
            raise TimedOut("no answer")
    assert ours.limit(layer) == patience.LEAST and ours.limit(FunctionRequest("slow", ())) == 2 * patience.TIMES
    assert ours.limit(FunctionRequest("never answered", ())) == 2 * patience.TIMES


@pytest.mark.parametrize("kind", ["HangsOnce", "EndsOnce"])
def test_what_gives_no_answer_by_chance_is_asked_again_and_the_run_says_so(subject, log, kind):
    once = subject(kind, timeout=1.0)
    assert isinstance(once(request()), Observation)
    assert once.recovered and once.restarts == 1 and len(log.read_text().splitlines()) == 2


def test_what_is_drawn_depends_on_the_question_and_not_on_those_before(subject):
    one, other = subject("Draws"), subject("Draws")
    first, second = (one(request(seed=seed))["outputs"] for seed in (1, 2))
    assert [list(other(request(seed=seed))["outputs"]) for seed in (2, 1)] == [list(second), list(first)]
    assert list(first) != list(second)


def test_the_children_of_a_hanging_subject_are_killed_too(subject):
    hangs = subject("HangsWithAChild", timeout=0.5)
    hangs.start()
    children = Path(f"/proc/{hangs.about['pid']}/task/{hangs.about['pid']}/children").read_text().split()
    assert len(children) == 1
    with pytest.raises(TimedOut):
        hangs(request(GRU))
    assert gone(int(children[0]))


def test_a_crash_is_told_with_its_signal_and_the_next_check_works(subject):
    crashes = subject("Crashes")
    with pytest.raises(Died, match="the interpreter ended, killed by SIGSEGV"):
        crashes(request(GRU))
    assert isinstance(crashes(request()), Observation)


def test_the_last_words_of_a_dying_subject_are_told(subject):
    with pytest.raises(Died, match=r"exit status 7; its last words: .*the kernel panicked \| out of cuteness"):
        subject("WritesToStderrThenDies")(request(GRU))


def test_a_subject_that_does_not_start_says_so_in_each_check(subject):
    exits = subject("ExitsOnStart")
    exits.ready()
    assert exits.broken == ("it does not start: the interpreter ended, exit status 3; its last words: no licence found")


def test_a_failing_smoke_check_says_nothing_about_the_framework(subject):
    fails = subject("SmokeFails")
    fails.ready()
    assert fails.broken == (
        "the adapter's smoke check failed, so nothing is said of the framework: "
        "AttributeError: module 'fake' has no attribute 'LSTM'"
    )


def test_an_error_of_the_adapter_is_not_an_error_of_the_framework(subject, log):
    with pytest.raises(Broken, match="the adapter mixed up its weights"):
        subject("BrokenAdapter")(request())
    refusal = subject("RaisesValueError").answer(request(GRU))
    assert refusal == Refusal("ValueError", "GRU is not my cup of tea", "build", refusal.seconds)


def test_an_adapter_that_raises_goes_on_in_the_same_process(subject):
    broken = subject("BrokenAdapter")
    for seed in range(2):
        with pytest.raises(Broken):
            broken(request(seed=seed))
    assert broken.restarts == 0


def test_unsupported_is_an_answer(subject):
    assert subject("NoMasks").answer(request()) == Unsupported("it takes no masks")


def test_inline_an_error_while_the_backend_is_made_is_its_own(subject):
    inline = Subject(Specification("x", "x", "tests.fakes:ReportsVersion"), inline=True)
    inline.ready()
    assert "No module named 'tiny_dependency'" in inline.broken


@pytest.mark.parametrize("folders, expected", [(("installed",), "1.0"), (("development", "installed"), "2.0.dev0")])
def test_a_development_copy_on_pythonpath_is_what_is_asked(subject, tmp_path, monkeypatch, folders, expected):
    for folder, version in (("installed", "1.0"), ("development", "2.0.dev0")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tiny_dependency.py").write_text(f"__version__ = {version!r}\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(str(tmp_path / folder) for folder in folders))
    reports = subject("ReportsVersion")
    reports.start()
    assert reports.about["versions"]["tiny_dependency"] == expected


def test_a_folder_of_the_specification_comes_before_pythonpath(tmp_path, monkeypatch):
    for folder, version in (("wanted", "3.0"), ("there", "1.0")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tiny_dependency.py").write_text(f"__version__ = {version!r}\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "there"), str(tmp_path / "wanted")]))
    kind = "tests.fakes:ReportsVersion"
    reports = Subject(Specification("x", kind, kind, path=(str(tmp_path / "wanted"),)), threads=3)
    try:
        reports.start()
        assert reports.about["versions"] == {"tiny_dependency": "3.0", "threads": "3"}
    finally:
        reports.stop()


def test_nothing_a_subject_says_reaches_the_terminal(subject, capfd):
    talks = subject("Talks")
    talks(request())
    talks.stop()
    assert "CHATTER" not in "".join(capfd.readouterr())


def test_an_interpreter_that_is_no_python_is_said(subject, capfd):
    kind = BACKENDS["reference"]
    for program in ("/bin/ls", "/bin/echo", "/bin/false", "/nowhere/python"):
        wrong = Subject(Specification("x", "reference", kind, python=program))
        wrong.ready()
        assert wrong.broken and wrong.broken.startswith("it does not start: the interpreter ended"), program
        assert "unknown" not in wrong.broken or re.search(r"unknown \(\w+: .*\)", wrong.broken), wrong.broken
        wrong.stop()
    assert "".join(capfd.readouterr()) == ""


def test_a_process_that_ends_before_its_first_word_is_started_again(tmp_path):
    starts = tmp_path / "starts"
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho x >> {starts}\n[ $(wc -l < {starts}) -gt 2 ] && exec {sys.executable} "$@"\nexit 1\n')
    program.chmod(0o755)
    late = Subject(Specification("x", "reference", BACKENDS["reference"], python=str(program)))
    late.ready()
    late.stop()
    assert late.broken is None and len(starts.read_text().splitlines()) == 3


def test_nothing_is_left_behind(subject, tmp_path):
    descriptors = len(os.listdir("/proc/self/fd"))
    hangs = subject("Hangs", timeout=0.3)
    pids = []
    for seed in range(3):
        hangs(request(seed=seed))
        pids.append(hangs.about["pid"])
        with pytest.raises(TimedOut):
            hangs(request(GRU, seed=seed))
    hangs(request(seed=9))
    pids.append(hangs.about["pid"])
    hangs.stop()
    assert all(map(gone, pids))
    assert not list(tmp_path.glob("subject-*"))
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= descriptors + 1
    end = time.monotonic() + 5
    while time.monotonic() < end and any("execnet" in str(t) or "Worker" in t.name for t in threading.enumerate()):
        time.sleep(0.05)


def test_halt_ends_a_waiting_question_at_once(subject):
    hangs = subject("Hangs", timeout=60)
    hangs(request())
    pid, ended = hangs.about["pid"], []

    def ask():
        try:
            hangs(request(GRU))
        except Died as error:
            ended.append(str(error))

    waiting = threading.Thread(target=ask)
    waiting.start()
    time.sleep(0.3)
    hangs.halt()
    waiting.join(5)
    assert ended == ["the run was stopped"] and gone(pid)
    with pytest.raises(Died, match="the run was stopped"):
        hangs(request(seed=4))


def test_a_subject_answers_several_threads_one_request_at_a_time(subject, log):
    right = subject("AlwaysRight")
    answers = [None] * 8

    def ask(index: int) -> None:
        answers[index] = right(request(seed=index % 4))

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for index in range(4):
        assert answers[index] is answers[index + 4]
    assert len(log.read_text().splitlines()) == 4 and len(set(log.read_text().splitlines())) == 1


@pytest.mark.parametrize(
    "code, words",
    [
        (3, "exit status 3"),
        (-11, "killed by SIGSEGV"),
        (-9, "killed by SIGKILL"),
        (-250, "killed by signal 250"),
        (None, "exit status unknown"),
    ],
)
def test_exit_codes_in_words(code, words):
    assert exit_words(code) == words


# specifications


def test_a_backend_is_its_own_name():
    assert parse("reference") == Specification("reference", "reference", BACKENDS["reference"])


def test_a_backend_of_ones_own_with_and_without_an_alias():
    kind = "tests.fakes:AlwaysRight"
    assert parse(kind) == Specification(kind, kind, kind)
    assert parse(f"mine={kind}") == Specification("mine", kind, kind)


def test_an_interpreter_is_a_path():
    found = parse(f"old=reference@{sys.executable}")
    assert found == Specification("old", "reference", BACKENDS["reference"], python=sys.executable)
    assert parse(f"reference@{sys.executable}").name == f"reference@{sys.executable}"


@pytest.mark.parametrize("path", ["/nowhere/python", "/etc", "./pyproject.toml", "./nothing"])
def test_an_interpreter_that_cannot_be_run_is_said(path):
    with pytest.raises(BadSubject, match=f"no interpreter at {path}; give the path of a python"):
        parse(f"torch@{path}")


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """Notes the commands instead of running them; `status` and `said` are how they end."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    class Pip:
        commands: list[list[str]] = []
        status, said = 0, ""

        def __call__(self, command, **_):
            self.commands.append(command)
            Path(command[command.index("--target") + 1]).mkdir(parents=True, exist_ok=True)
            return subprocess.CompletedProcess(command, self.status, "", self.said)

    fake = Pip()
    fake.commands = []
    monkeypatch.setattr(specification.subprocess, "run", fake)
    return fake


@pytest.mark.parametrize(
    "text, name, requirement",
    [
        ("keras-torch@keras==3.12.0", "keras-torch@keras==3.12.0", "keras==3.12.0"),
        ("old=keras-torch@keras==3.12.0", "old", "keras==3.12.0"),
        ("nightly=keras-jax@git+https://example.org/keras", "nightly", "git+https://example.org/keras"),
    ],
)
def test_a_requirement_is_installed_once_beside_what_is_here(pip, tmp_path, text, name, requirement):
    found = [parse(text), parse(text)]
    assert found[0] == found[1] and found[0].name == name and found[0].python is None
    assert len(pip.commands) == 1
    command = pip.commands[0]
    assert command[:4] == [sys.executable, "-m", "pip", "install"] and command[-1] == requirement
    assert "--no-deps" in command and found[0].path == (command[command.index("--target") + 1],)
    assert Path(found[0].path[0]).is_relative_to(tmp_path)


def test_several_requirements_are_installed_side_by_side_in_one_folder(pip):
    found = parse("old=keras-torch@keras==3.3.3 numpy==1.26.4")
    assert pip.commands[0][-2:] == ["keras==3.3.3", "numpy==1.26.4"] and " " not in found.path[0]


def test_a_requirement_that_pip_cannot_install_is_said_and_tried_again(pip):
    pip.status, pip.said = 1, "a lot\nERROR: No matching distribution found for keras==99\n"
    for _ in range(2):
        with pytest.raises(BadSubject, match="pip could not install it: ERROR: No matching distribution"):
            parse("keras-jax@keras==99")
    assert len(pip.commands) == 2


@pytest.mark.parametrize(
    "text, near",
    [
        ("keras-tf", "keras-tensorflow"),
        ("pytorch", "torch"),
        ("keras_jax", "keras-jax"),
        ("a=refrence", "reference"),
    ],
)
def test_a_near_miss_is_named(text, near):
    with pytest.raises(BadSubject, match=f"did you mean '{near}'.*available: reference, torch"):
        parse(text)


@pytest.mark.parametrize("text", ["", "=", "x=", "zzz", "@/usr/bin/python3"])
def test_no_name_is_no_subject(text):
    with pytest.raises(BadSubject, match="no subject named"):
        parse(text)


@pytest.mark.parametrize(
    "kind, words",
    [
        ("nowhere.at_all:Backend", "No module named 'nowhere'"),
        ("tests.fakes:Nobody", "no attribute 'Nobody'"),
        ("tests.fakes:", "no attribute ''"),
        ("os:getcwd", "getcwd is no suite.backends.Backend"),
        (":X", "Empty module name"),
    ],
)
def test_a_module_and_class_that_are_no_backend_are_said(kind, words):
    with pytest.raises(BadSubject, match=words):
        missing(kind)


def test_what_a_backend_requires_may_lie_on_its_path(tmp_path, monkeypatch):
    from tests.fakes import AlwaysRight

    monkeypatch.setattr(AlwaysRight, "requires", ("numpy", "tiny_dependency"))
    assert missing("tests.fakes:AlwaysRight") == ["tiny_dependency"]
    (tmp_path / "tiny_dependency.py").touch()
    assert missing("tests.fakes:AlwaysRight", (str(tmp_path),)) == []


def test_what_is_not_installed_is_told_with_its_reason(monkeypatch):
    real = specification.importlib.util.find_spec
    monkeypatch.setattr(
        specification.importlib.util,
        "find_spec",
        lambda name, *others: None if name == "keras" else real(name, *others),
    )
    found, absent = specification.discover()
    assert "torch" in [each.name for each in found] and "reference" not in [each.name for each in found]
    assert set(absent) == {"keras-tensorflow", "keras-jax", "keras-torch"}
    assert all("not installed here: keras" in reason for reason in absent.values())
