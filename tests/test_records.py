"""The store of records: what is written is read, what is damaged is said, what is cut off is seen."""

import json
import math
import os
import threading
import time
from pathlib import Path

import pytest
import synthetic_run

from reports.lines import VERDICTS, End, Exploration, Header, Timing, Verdict
from reports.records import (
    FILE,
    Damaged,
    NoRun,
    NotWritable,
    RecordsError,
    UnknownSchema,
    Writer,
    read,
    timings_frame,
    to_frame,
    write_lines,
)

HEADER = Header("2026-01-01T00:00:00+00:00", subjects=({"name": "torch", "versions": {"torch": "2"}},))


def check(ident: str = "torch::a", verdict: str = "pass", **others) -> Verdict:
    return Verdict(ident, ident.partition("::")[0], "a", verdict, **others)


@pytest.mark.parametrize(
    "value",
    [
        HEADER,
        check(),
        check(
            verdict="fail",
            deviation=math.inf,
            allowed=1e-7,
            message="ünïcode ≠ <b>",
            features={"cell": "lstm", "units": 5},
            deviations=({"where": "x", "message": "m", "deviation": -math.inf, "allowed": 0.0},),
            repro="repros/a.py",
        ),
        Timing(
            "torch::t",
            "torch",
            "small",
            "lstm",
            "fused",
            "generic",
            "faster",
            "forward+backward",
            ratio=2.5,
            low=0.0,
            high=math.inf,
        ),
        Exploration("torch", 5, 4, 1, {"holds": {"pass": 3}}, ("torch::a",), ("torch::b",), 1, 0, 2.5),
        End({"torch": {"pass": 1}}, {"torch": 1}, 3.5, 3.0, 0.5, 1),
        check(more={"further": [1, {"key": None}]}),
    ],
    ids=lambda value: value.kind,
)
def test_a_record_and_its_line_are_a_pair(value):
    line = value.to_line()
    assert "\n" not in line
    assert type(value).from_json(json.loads(line)) == value


def test_nan_comes_back_as_nan_and_the_line_is_strict_json():
    line = check(verdict="fail", deviation=math.nan, deviations=({"deviation": math.nan},)).to_line()
    value = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    back = Verdict.from_json(value)
    assert math.isnan(back.deviation) and math.isnan(back.deviations[0]["deviation"])


def test_numpy_values_are_written_as_plain_numbers():
    numpy = pytest.importorskip("numpy")
    features = {"units": numpy.int64(5), "shape": numpy.array([1, 2]), "dropout": numpy.float32(0.5)}
    line = json.loads(check(deviation=numpy.float32(0.25), features=features).to_line())
    assert (line["deviation"], line["features"]) == (0.25, {"units": 5, "shape": [1, 2], "dropout": 0.5})


def test_no_more_than_five_deviations_are_kept():
    assert len(check(verdict="fail", deviations=[{"where": str(n)} for n in range(9)]).deviations) == 5


@pytest.mark.parametrize("kind", [Verdict, Timing])
def test_a_verdict_outside_the_list_is_refused(kind):
    words = ("torch::a", "torch", "a") if kind is Verdict else ("torch::a", "torch", "w", "lstm", "fused", "generic")
    with pytest.raises(ValueError, match="expected one of"):
        kind(*words, "passed")


def test_a_run_is_read_as_it_was_written(tmp_path):
    run = read(synthetic_run.write(tmp_path / "run"))
    assert run.subjects == tuple(synthetic_run.SUBJECTS)
    assert not run.cut_off and not run.gaps() and not run.repeated
    assert {name: dict(counted) for name, counted in run.counts().items()} == {
        k: dict(v) for k, v in run.end.counts.items()
    }
    assert len(run.timings) == 72 and {each.verdict for each in run.verdicts} <= set(VERDICTS)


def test_each_line_is_on_disk_as_soon_as_it_is_added(tmp_path):
    with Writer(tmp_path) as writer:
        writer.begin(HEADER)
        for count in range(1, 4):
            writer.add(check(f"torch::{count}"))
            assert len((tmp_path / FILE).read_text().splitlines()) == 1 + count


def test_a_run_without_its_end_is_cut_off_and_says_so(tmp_path):
    run = read(synthetic_run.write(tmp_path / "run", cases=2, cut=True))
    assert run.cut_off and run.end is None
    assert "cut off" in run.gaps()[0]


def test_an_unfinished_last_line_is_left_out(tmp_path):
    path = write_lines(tmp_path, [HEADER, check(), check("torch::b")])
    path.write_bytes(path.read_bytes()[:-20])
    run = read(tmp_path)
    assert [each.id for each in run.verdicts] == ["torch::a"] and run.cut_off


def test_cutting_a_run_at_any_byte_loses_only_the_line_being_written(tmp_path):
    path = write_lines(tmp_path / "whole", [HEADER, check(message="é"), check("torch::b"), End()])
    whole = path.read_bytes()
    first = whole.index(b"\n")
    for at in range(first, len(whole)):
        (tmp_path / FILE).write_bytes(whole[:at])
        complete = whole[:at].count(b"\n") - 1
        assert len(read(tmp_path).verdicts) >= min(max(complete, 0), 2)


@pytest.mark.parametrize(
    "line, error",
    [
        ("{broken", Damaged),
        ("[1, 2]", Damaged),
        ('{"kind":"verdict","id":"x"}', Damaged),
        ('{"kind":"other"}', Damaged),
        (HEADER.to_line(), Damaged),
        ('{"kind":"verdict","id":"a::b","subject":"a","invariant":"b","verdict":"ok"}', Damaged),
    ],
)
def test_a_wrong_line_in_the_middle_is_named_with_its_number(tmp_path, line, error):
    (tmp_path / FILE).write_text("\n".join([HEADER.to_line(), line, check().to_line(), ""]))
    with pytest.raises(error, match="line 2"):
        read(tmp_path)


def test_another_schema_is_named(tmp_path):
    (tmp_path / FILE).write_text('{"kind":"run","schema":99,"time":""}\n')
    with pytest.raises(UnknownSchema, match="99.*schema 1"):
        read(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b'{"kind":"ru'])
def test_a_folder_without_a_run_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(NoRun, match=str(tmp_path)):
        read(tmp_path)


def test_a_file_that_begins_with_a_check_is_damaged(tmp_path):
    (tmp_path / FILE).write_text(check().to_line() + "\n" + check("torch::b").to_line() + "\n")
    with pytest.raises(Damaged, match="first line"):
        read(tmp_path)


def test_a_folder_that_cannot_be_made_is_one_plain_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritable) as problem:
        Writer(tmp_path / "file" / "run")
    assert str(problem.value).count("\n") == 0 and str(tmp_path) in str(problem.value)


def test_a_full_disk_is_the_same_plain_sentence(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    os.symlink("/dev/full", tmp_path / FILE)
    writer = Writer(tmp_path)
    with pytest.raises(NotWritable, match="no space left"):
        writer.begin(HEADER)


def test_a_folder_that_holds_a_run_is_not_written_over(tmp_path):
    write_lines(tmp_path, [HEADER, check(), End()])
    with pytest.raises(NotWritable, match="already holds a run"):
        Writer(tmp_path)
    assert len(read(tmp_path).verdicts) == 1


def test_a_resumed_run_keeps_its_checks_and_counts_all(tmp_path):
    path = write_lines(tmp_path, [HEADER, check(), check("torch::b", "fail")])
    with path.open("a") as file:
        file.write('{"kind":"verd')
    with Writer(tmp_path, resume=True) as writer:
        writer.begin(Header("another"))
        writer.add(check("torch::c"))
        writer.end(planned={"torch": 3})
    run = read(tmp_path)
    assert run.header == HEADER and [each.id for each in run.verdicts] == ["torch::a", "torch::b", "torch::c"]
    assert run.end.counts == {"torch": {"pass": 2, "fail": 1}} and not run.gaps()


def test_a_finished_run_can_be_resumed(tmp_path):
    write_lines(tmp_path, [HEADER, check(), End(planned={"torch": 1})])
    with Writer(tmp_path, resume=True) as writer:
        writer.add(check("torch::b"))
        writer.end(planned={"torch": 2})
    assert len(read(tmp_path).verdicts) == 2 and not read(tmp_path).gaps()


def test_a_check_that_was_planned_and_is_not_recorded_is_a_gap(tmp_path):
    write_lines(tmp_path, [HEADER, check(), End(planned={"torch": 2, "keras-jax": 4})])
    assert read(tmp_path).gaps() == [
        "torch: 2 checks were planned, 1 are recorded.",
        "keras-jax: 4 checks were planned, 0 are recorded.",
    ]


def test_a_check_recorded_twice_counts_with_its_last_line(tmp_path):
    write_lines(tmp_path, [HEADER, check(verdict="fail"), check()])
    run = read(tmp_path)
    assert [each.verdict for each in run.verdicts] == ["pass"] and run.repeated == 1


def test_a_whole_run_with_a_check_twice_says_so(tmp_path):
    write_lines(tmp_path, [HEADER, check(), check(), End(planned={"torch": 1})])
    assert "stand twice" in read(tmp_path).gaps()[0]


def test_a_check_before_the_header_is_an_error(tmp_path):
    with pytest.raises(RecordsError, match="begin"):
        Writer(tmp_path).add(check())


class Halting:
    """A file that lets another thread run in the middle of each line."""

    def __init__(self, file):
        self.file = file

    def write(self, text: str) -> None:
        for part in (text[:20], text[20:]):
            self.file.write(part)
            time.sleep(0.0005)

    def __getattr__(self, name: str):
        return getattr(self.file, name)


def test_threads_may_write_at_once(tmp_path):
    with Writer(tmp_path) as writer:
        writer.begin(HEADER)
        writer._file = Halting(writer._file)

        def work(thread: int) -> None:
            for count in range(20):
                writer.add(check(f"torch::{thread}-{count}"))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.end(planned={"torch": 120})
    assert len(read(tmp_path).verdicts) == 120 and not read(tmp_path).gaps()


def test_text_that_is_no_unicode_does_not_lose_the_run(tmp_path):
    write_lines(tmp_path, [HEADER, check(message="half a pair \ud800"), End()])
    assert read(tmp_path).verdicts[0].message == "half a pair ?"


def test_pandas_reads_the_file_and_the_numbers_are_numbers(tmp_path):
    pandas = pytest.importorskip("pandas")
    folder = write_lines(
        tmp_path,
        [
            HEADER,
            check(deviation=1e-9),
            check("torch::b", "fail", deviation=math.inf),
            check("torch::c", "fail", deviation=math.nan),
            End(),
        ],
    )
    frame = pandas.read_json(folder, lines=True)
    numbers = frame[frame.kind == "verdict"].deviation
    assert numbers.dtype == float and numbers.tolist()[:2] == [1e-9, math.inf] and math.isnan(numbers.tolist()[2])


def test_frames_hold_a_row_for_each_record(tmp_path):
    pytest.importorskip("pandas")
    run = read(synthetic_run.write(tmp_path / "run", cases=3))
    frame = to_frame(run)
    assert len(frame) == len(run.verdicts) and set(frame["features.cell"]) == {"lstm", "gru", "simple_rnn"}
    assert len(timings_frame(run)) == len(run.timings)


def test_a_subject_that_is_newer_than_the_ledger_is_told_of(tmp_path):
    newer = [{"subject": "torch", "still": ["a", "b"], "gone": ["c"]}, {"subject": "keras-jax", "still": [], "gone": []}]
    write_lines(tmp_path, [HEADER, check(), End(planned={"torch": 1}, more={"newer": newer})])
    assert read(tmp_path).newer() == [
        "torch is newer than the ledger of known findings: 2 of them show there still, 1 that were asked for do not: c.",
        "keras-jax is newer than the ledger of known findings: 0 of them show there still, 0 that were asked for do not.",
    ]


def test_a_writer_knows_what_is_in_its_file(tmp_path):
    header = Header("2026-01-01T00:00:00+00:00", subjects=({"name": "torch"},), settings={"subjects": ("torch",)})
    note = {"name": "n", "value": 1, "figure": ""}
    records = [check("torch::a", "fail", deviation=0.5, features={"cell": "lstm"}, notes=(note,)), check("torch::b"),
               check("torch::b", "known", known="key"), Timing("torch::t", "torch", "w", "lstm", "a", "b", "faster"),
               Exploration("torch", 3, 3, new=("torch::c",))]
    with Writer(tmp_path) as writer:
        writer.begin(header)
        for record in records:
            writer.add(record)
    assert vars(writer.run()) == vars(read(tmp_path)) and writer.run().repeated == 1
    with Writer(tmp_path, resume=True) as writer:
        writer.begin(HEADER)
        writer.add(check("torch::c"))
        writer.end(End(seconds=1.0))
    assert vars(writer.run()) == vars(read(tmp_path)) and writer.run().end.counts == {"torch": {"fail": 1, "known": 1, "pass": 1}}
