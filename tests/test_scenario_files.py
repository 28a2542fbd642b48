"""Data files of the scenarios: found, read, cut off; and faults in how they are fetched, padded, indexed and traced."""

import gzip
import io
import tarfile
from functools import partial

import numpy as np
import pytest
from planted import InProcess

from cases import datafiles
from cases.babi import generate
from cases.requests import Note, Observation, Refusal
from cases.scenarios import claims
from cases.scenarios.base import REGISTRY, refused
from cases.scenarios.mask_flow import VALID
from cases.scenarios.mask_table import DUE, WAYS
from suite.backends.reference import Reference
from suite.verdicts import judge

CHECKS = {c.identity: c for c in claims("default")}
RANDOM = partial(np.random.default_rng, 3)


class Spoilt(Reference):
    """The reference; `spoil` answers function requests of one name in its place: spoil(request, what is right)."""

    def __init__(self, name, spoil):
        super().__init__()
        self.spoilt, self.spoil = name, spoil

    def run_function(self, request):
        if request.name != self.spoilt:
            return super().run_function(request)
        return self.spoil(request, super().run_function)


def outcome(check, name="", spoil=None):
    return judge(CHECKS[check], InProcess(Spoilt(name, spoil)))


def changed(request, right, facts=None, **arrays):
    """The right answer, some of its arrays changed."""
    seen = right(request)
    new = {name: change(seen[name]) for name, change in arrays.items()}
    return Observation({**seen.arrays, **new}, facts={**seen.facts, **(facts or {})})


# Files on disk


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder of data sets, empty."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for one in REGISTRY.values():
        for kept in ("real",):
            function = getattr(__import__(one.check.__module__, fromlist=["x"]), kept, None)
            if function is not None:
                function.cache_clear()
    (tmp_path / "datasets").mkdir()
    return tmp_path / "datasets"


def write_imdb(path, rows=400):
    """Reviews in the real format: lists of ids as objects. Ids 10 and 20 tell good from bad."""
    random = RANDOM()
    labels = random.integers(0, 2, rows)
    reviews = np.empty(rows, object)
    for row, label in enumerate(labels):
        ids = random.integers(1, 3000, random.integers(30, 300))
        ids[::3] = 10 if label else 20
        reviews[row] = ids.tolist()
    np.savez(path, x_train=reviews, y_train=labels, x_test=reviews[:10], y_test=labels[:10])


def write_mnist(path, rows=200):
    random = RANDOM()
    labels = random.integers(0, 10, rows)
    images = random.integers(0, 60, (rows, 28, 28)).astype("uint8")
    for image, label in zip(images, labels, strict=True):
        image[2 * label + 3 : 2 * label + 7] += 180
    np.savez(path, x_train=images, y_train=labels, x_test=images[:10], y_test=labels[:10])


def write_babi(path):
    with tarfile.open(path, "w:gz") as archive:
        for member, count in datafiles.TASKS.values():
            text = generate(count, RANDOM()).encode()
            told = tarfile.TarInfo(member)
            told.size = len(text)
            archive.addfile(told, io.BytesIO(text))


WRITE = {"imdb": write_imdb, "mnist": write_mnist, "babi": write_babi}
USERS = {"imdb-lstm": "imdb", "imdb-cnn-lstm": "imdb", "imdb-bidirectional-lstm": "imdb", "mnist-hierarchical-rnn": "mnist",
         "cnn-lstm-quadrants": "mnist", "babi-memnn": "babi", "babi-rnn": "babi"}


@pytest.mark.parametrize("scenario", USERS)
def test_without_its_file_a_scenario_says_what_stands_in(home, scenario):
    said = outcome(f"{scenario}/real_data")
    instead = "scikit-learn" if USERS[scenario] == "mnist" else "generated"
    assert said.verdict == "unsupported" and datafiles.FILES[USERS[scenario]] in said.message and instead in said.message


@pytest.mark.parametrize("scenario", ["imdb-cnn-lstm", "babi-memnn"])
def test_a_file_on_disk_is_trained_on_and_named(home, scenario):
    path = home / datafiles.FILES[USERS[scenario]]
    WRITE[USERS[scenario]](path)
    said = outcome(f"{scenario}/real_data")
    assert said.verdict == "pass", said.message
    assert str(path) in said.notes[0].value


@pytest.mark.parametrize("scenario", USERS)
def test_a_file_that_is_cut_off_is_a_clear_error(home, scenario):
    path = home / datafiles.FILES[USERS[scenario]]
    WRITE[USERS[scenario]](path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    said = outcome(f"{scenario}/real_data")
    assert said.verdict == "fail" and path.name in said.message and "cut off" in said.message


@pytest.mark.parametrize(("name", "content"), [
    ("imdb", b"<html>not found</html>"), ("mnist", b""), ("babi", gzip.compress(b"nothing of the kind", mtime=0))], ids=str)
def test_another_file_is_a_clear_error(home, name, content):
    scenario = next(s for s, used in USERS.items() if used == name)
    (home / datafiles.FILES[name]).write_bytes(content)
    said = outcome(f"{scenario}/real_data")
    assert said.verdict == "fail" and "another file" in said.message


def test_arrays_of_other_names_shapes_or_contents_are_clear_errors(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    with pytest.raises(datafiles.BadData, match="expected x_train, y_train; is it another file"):
        datafiles.digits(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", x_train=np.ones((3, 8, 8)), y_train=np.ones(3))
    with pytest.raises(datafiles.BadData, match=r"expected \(n, 28, 28\)"):
        datafiles.digits(tmp_path / "b.npz")
    with pytest.raises(datafiles.BadData, match="holds no lists of ids"):
        np.savez(tmp_path / "c.npz", x_train=np.ones(3), y_train=np.ones(3))
        datafiles.reviews(tmp_path / "c.npz", 100)


def test_an_archive_without_the_task_or_with_another_number_of_questions_is_a_clear_error(tmp_path):
    text, path = generate(20, RANDOM()).encode(), tmp_path / "babi.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        told = tarfile.TarInfo(datafiles.TASKS["babi-memnn"][0])
        told.size = len(text)
        archive.addfile(told, io.BytesIO(text))
    with pytest.raises(datafiles.BadData, match="20 questions in the text: expected 10000"):
        datafiles.questions(path, "babi-memnn")
    with pytest.raises(datafiles.BadData, match="has no tasks_1-20_v1-2/en/qa2"):
        datafiles.questions(path, "babi-rnn")


# Faults in what the frameworks are asked


def test_half_a_file_that_is_taken_for_all_of_it_is_noticed():
    assert outcome("babi-memnn/half_downloaded").verdict == "pass"

    def careless(request, right):
        return Observation({"result": np.frombuffer(dict(request.arguments)["content"], "uint8")})

    def losing(request, right):
        return Observation({"result": np.frombuffer(dict(request.arguments)["content"][:-1], "uint8")})

    assert "taken" in (said := outcome("babi-memnn/half_downloaded", "fetch", careless)).message or "no error" in said.message
    assert outcome("babi-rnn/half_downloaded", "fetch", losing).verdict == "fail"


def test_a_fetch_that_completes_or_spoils_half_an_archive_is_noticed():
    check = "babi-memnn/truncated_archive"
    assert outcome(check).verdict == "pass"
    assert outcome(check, "fetch", partial(changed, result=lambda found: found[:-1])).verdict == "fail"
    assert outcome(check, "fetch", partial(changed, result=lambda found: np.concatenate([found, found]))).verdict == "fail"


@pytest.mark.parametrize("claim", ["groups", "rows_stay"])
@pytest.mark.parametrize("spoil", [
    lambda rows: rows[:, ::-1], lambda rows: np.concatenate([rows[:, :1], rows[:, :1], rows[:, 2:]], axis=1),
    lambda rows: rows * (np.arange(rows.shape[1]) < 2)[:, None],
], ids=["reversed", "one doubled", "one lost"])
def test_rows_that_padding_loses_or_reorders_are_noticed(claim, spoil):
    assert outcome(f"group-and-pad/{claim}-1").verdict == "pass"
    assert outcome(f"group-and-pad/{claim}-1", "pad_sequence", partial(changed, result=spoil)).verdict == "fail"


@pytest.mark.parametrize(("column", "nearest", "other"), [(3, 2, 1), (-4, 0, 2)])
def test_another_column_in_silence_is_noticed_unless_it_is_declared_and_the_nearest(column, nearest, other):
    check, told = f"group-and-pad/column_out_of_range-{column}", {"out_of_range": "clamped"}

    def clamping(given, facts, request, right):
        return Observation({"result": dict(request.arguments)["rows"][:, given]}, facts=facts)

    assert outcome(check).verdict == "pass"
    assert outcome(check, "column", partial(clamping, nearest, {})).verdict == "fail"
    assert outcome(check, "column", partial(clamping, other, told)).verdict == "fail"
    said = outcome(check, "column", partial(clamping, nearest, told))
    assert said.verdict == "pass" and said.notes[0].value["rows"][0][1] == "no error (clamped, as documented)"


@pytest.mark.parametrize("column", [0, 1, 2, -1])
def test_the_next_column_is_noticed(column):
    check = f"group-and-pad/column_of_a_tensor-{column}"
    assert outcome(check).verdict == "pass"
    assert outcome(check, "column", partial(changed, result=lambda found: found + 1)).verdict == "fail"


@pytest.mark.parametrize(("layer", "verdict", "kind", "lengths"), [
    ("LSTM", "pass", "PackedSequence", [6, 4, 3, 2]), ("LSTM", "fail", "PackedSequence", [6, 6, 6, 6]),
    ("Dense", "fail", "PackedSequence", [6, 4, 3, 2]), ("Add", "fail", "tuple", [])])
def test_lengths_that_a_packed_sequence_loses_in_silence_are_noticed(layer, verdict, kind, lengths):
    def through(request, right):
        return Observation({"lengths": np.array(lengths)}, facts={"kind": kind})

    assert outcome(f"mask-flow/packed-{layer}").verdict == "unsupported"
    assert outcome(f"mask-flow/packed-{layer}", "packed_through", through).verdict == verdict


def masks(*, how="called", warned=True, taken=(), **other):
    """What a stack would say of every layer: masks passed on as the steps go by those that support them, others warn; changed."""
    due = {f"masks/{n}": DUE[way.steps] for n, way in WAYS.items() if way.passes}
    due |= {f"masks/{name}": mask for name, mask in other.items()}
    silent = [] if warned else ["Reshape"]
    facts = {"warned": [n for n in WAYS if n not in silent], "errors": {}, "missing": [], "taken": list(taken)}

    def answer(request, right):
        return Observation({name: mask for name, mask in due.items() if mask is not None}, facts=facts)

    return answer


@pytest.mark.parametrize(("layer", "changes"), [
    ("Dense", {"Dense": None}), ("Dense", {"Dense": VALID[::-1]}), ("Concatenate_in_time", {"Concatenate_in_time": VALID}),
    ("Reshape", {"warned": False}), ("Cropping1D", {"Cropping1D": VALID}), ("LSTM_last", {"LSTM_last": VALID}),
    ("Masking_after_Dense", {"Masking_after_Dense": np.ones_like(VALID)}),
], ids=["lost", "of other rows", "of one half", "lost in silence", "of other steps", "where no steps are left", "replaced"])
def test_a_mask_that_a_layer_loses_or_changes_is_noticed(layer, changes):
    check = f"mask-flow/layer_by_layer-{layer}-called"
    assert outcome(check).verdict == "unsupported"
    assert outcome(check, "mask_table", masks()).verdict == "pass"
    assert outcome(check, "mask_table", masks(**changes)).verdict == "fail"


def test_a_mask_that_a_call_takes_from_its_input_is_noticed():
    check = "mask-flow/inputs_keep_their_masks"
    assert outcome(check, "mask_table", masks()).verdict == "pass"
    assert outcome(check, "mask_table", masks(taken=["Average"])).verdict == "fail"


def test_a_length_that_is_traced_again_or_builds_again_or_is_cut_is_noticed():
    counts = {f"predict/{n}": 1 for n in range(4)} | {"train/0": 1, "train/1": 1}
    many = "one-model-many-lengths"

    def traced(counts, request, right, **facts):
        return changed(request, right, {"eager": False, "traces": counts, "programs": dict.fromkeys(counts, 0), **facts})

    assert outcome(f"{many}/traces").verdict == "pass"
    assert outcome(f"{many}/traces", "many_lengths", partial(traced, counts | {"predict/3": 0})).verdict == "pass"
    assert outcome(f"{many}/traces", "many_lengths", partial(traced, counts)).verdict == "fail"
    assert outcome(f"{many}/traces", "many_lengths", partial(traced, dict.fromkeys(counts, 0))).verdict == "fail"
    compiled = partial(traced, counts | {"predict/3": 0}, programs=counts)
    assert outcome(f"{many}/traces", "many_lengths", compiled).verdict == "fail"
    rebuilt = partial(traced, counts | {"predict/3": 0}, same_weights=False)
    assert outcome(f"{many}/traces", "many_lengths", rebuilt).verdict == "fail"
    off = {"predictions/1": lambda p: p[::-1]}
    assert outcome(f"{many}/values-10", "many_lengths", partial(changed, **off)).verdict == "fail"
    late = {"losses/1": lambda loss: loss * 1.01}
    assert outcome(f"{many}/fit_on_several_lengths", "many_lengths", partial(changed, **late)).verdict == "fail"


# Mistakes


def test_an_error_is_recorded_with_its_type_and_moment_and_must_name_the_shapes():
    named = refused(Refusal("ValueError", "expected ndim=3, found 2\nmore", "build"), "two axes", {"3"}, "29")
    assert [note.value["rows"] for note in named] == [[["two axes", "ValueError at build: expected ndim=3, found 2"]]]
    mute, note = refused(Refusal("ValueError", "wrong", "run"), "two axes", {"3"})
    assert mute.message.startswith("two axes: ValueError at run does not name 3") and isinstance(note, Note)
    silent, note = refused(Observation({}), "two axes")
    assert silent.message == "two axes: no error was raised" and note.value["rows"] == [["two axes", "no error"]]


@pytest.mark.parametrize("mistake", ["reshape", "reshape_of_4_steps", "lstm_of_2d", "conv_of_5d"])
def test_a_documented_mistake_that_goes_through_is_noticed(mistake):
    check = CHECKS[f"cnn-lstm-quadrants/mistakes-{mistake}"]
    assert judge(check, InProcess()).verdict == "pass"

    class Lenient(Reference):
        def run_model(self, request):
            return Observation({"predictions": np.ones(1)})

    assert judge(check, InProcess(Lenient())).verdict == "fail"
