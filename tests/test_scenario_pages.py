"""The pages of scenarios: what the documents say, what the frameworks do, with curves, tables and pictures from the records."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reports import curves, pages
from reports.lines import End, Header, Verdict
from reports.pages import scenarios
from reports.records import Run, Writer, read

NASTY = "<script>alert(1)</script> & \"quotes\""


def verdict(subject: str, claim: str, verdict: str = "pass", variant: str = "", notes: tuple = (), **more) -> Verdict:
    return Verdict(
        f"{subject}::rows/{claim}-{variant}", subject, claim, verdict, scenario="rows", statement=f"What {claim} holds.",
        features={"scenario": "rows", "variant": variant} if variant else {"scenario": "rows"}, notes=notes, **more,
    )


def table(value: str) -> dict:
    return {"name": "defaults", "figure": "", "value": {"head": ["optimizer", "is"], "rows": [["sgd", value], ["adam", "1"]]}}


def curve(name: str, *y: float) -> dict:
    return {"name": name, "figure": "Losses", "value": {"x": list(range(1, len(y) + 1)), "y": list(y)}}


@pytest.fixture
def folder(tmp_path):
    writer = Writer(tmp_path / "run")
    writer.begin(Header(
        "2026-01-01T00:00:00+0000", subjects=tuple({"name": n, "versions": {n: "1.0"}} for n in ("torch", "keras-jax")),
        ledger={"known-one": {"title": "It is known to be wrong."}},
        scenarios={"rows": {"title": "`rows` (document 9): many rows.", "text": f"First.\n\nSecond {NASTY}."}},
    ))
    for each in (
        verdict("torch", "silent", variant="a"), verdict("torch", "silent", "unsupported", "b", message="there is none"),
        verdict("keras-jax", "silent", variant="a"), verdict("keras-jax", "silent", variant="b"),
        verdict("torch", "told", says="Rows are fast.", source="the document is wrong here: they are slow",
                notes=(curve("sgd", 20, 2, 0.2), curve("adam", 20, 0.5, float("nan")), table("0.01"))),
        verdict("keras-jax", "told", "known", known="known-one", says="Rows are fast.", message=NASTY,
                notes=(curve("sgd", 19, 2, 0.1), table("0.001"), {"name": "remark", "figure": "", "value": 3.14159265})),
        verdict("torch", "drawn", "fail", message=f"off {NASTY}",
                notes=({"name": "next", "figure": "movie", "value": {"image": [[0.0, 1.0], [0.5, 2.0]]}},)),
    ):
        writer.add(each)
    writer.end(End())
    pages.write(tmp_path / "run")
    return tmp_path / "run"


class Tags(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_every_scenario_has_a_page_that_the_index_links_to(folder):
    links = [a.get("href") for tag, a in Tags((folder / "index.html").read_text()).found if tag == "a"]
    assert "scenarios/rows.html" in links and (folder / "scenarios" / "rows.html").is_file()


def test_a_page_needs_nothing_else_and_believes_no_record(folder):
    text = (folder / "scenarios" / "rows.html").read_text()
    for tag, attributes in Tags(text).found:
        assert tag not in ("script", "img", "iframe")
        assert attributes.get("href", "../index.html").startswith(("../index.html", "#", "data:"))
    assert "&lt;script&gt;alert" in text


def test_documents_say_and_frameworks_do(folder):
    seen = scenarios.context(read(folder), "rows")
    assert [s["name"] for s in seen["subjects"]] == ["torch", "keras-jax"]
    first, *rest = seen["claims"]
    assert (first.name, first.says, first.wrong) == ("told", "Rows are fast.", "they are slow")
    assert [c.verdict for c in first.cells] == ["pass", "known"]
    assert first.cells[1].found == ["It is known to be wrong.", "remark: 3.1416"]
    silent = next(told for told in rest if told.name == "silent")
    assert silent.cells[0].counts == {"pass": 1, "unsupported": 1} and silent.cells[0].found == ["b: there is none"]
    drawn = next(told for told in rest if told.name == "drawn")
    assert drawn.cells[0].verdict == "fail" and drawn.cells[1] is None
    text = (folder / "scenarios" / "rows.html").read_text()
    assert "It is wrong here: they are slow." in text and "not asked" in text and "document 9" in text


def test_a_tick_says_of_how_many_ways_it_is():
    own = [verdict("torch", "told", variant=v) for v in ("a", "b", "c")] + [verdict("keras-jax", "told", variant="b")]
    run = Run(Path("run"), Header("", subjects=({"name": "torch"}, {"name": "keras-jax"})), tuple(own))
    all_ways, one = scenarios.claims(run, own, ["torch", "keras-jax"])[0].cells
    assert all_ways.found == [] and one.found == ["asked 1 of 3 ways here: b"]


def test_tables_of_one_name_are_joined_and_say_where_they_differ(folder):
    (joined,) = scenarios.context(read(folder), "rows")["tables"]
    assert joined.head == ("optimizer", "torch", "keras-jax")
    assert joined.rows == [(("sgd", "0.01", "0.001"), True), (("adam", "1", "1"), False)]


def test_curves_of_one_figure_share_their_legend_and_axes(folder):
    (figure,) = scenarios.context(read(folder), "rows")["figures"]
    assert [name for name, _ in figure.legend] == ["sgd", "adam"] and [s for s, _ in figure.charts] == ["torch", "keras-jax"]
    torch, jax = (chart for _, chart in figure.charts)
    assert torch.count("<polyline") == 2 and jax.count("<polyline") == 1
    assert "adam: from 20 to 0.5" in torch  # what is not finite is not drawn
    assert torch.count(">0.1<") == jax.count(">0.1<") == 1  # the same ticks


def test_pictures_and_remarks_are_shown(folder):
    seen = scenarios.context(read(folder), "rows")
    assert seen["remarks"] == [("told", "remark", "keras-jax", "3.1416")]
    ((heading, ((name, image),)),) = seen["pictures"]
    assert (heading, name) == ("torch: movie", "next") and image.count("<rect") == 3


def test_a_record_without_notes_is_read_as_before():
    line = verdict("torch", "old").to_json()
    for name in ("notes", "says", "source"):
        del line[name]
    again = Verdict.from_json(json.loads(json.dumps(line)))
    assert (again.notes, again.says, again.source) == ((), "", "")
    header = Header("now").to_json()
    del header["scenarios"]
    assert Header.from_json(header).scenarios == {}


def test_notes_survive_the_way_through_a_file(folder):
    told = next(v for v in read(folder).verdicts if v.subject == "torch" and v.invariant == "told")
    assert told.notes[0]["value"]["y"] == [20, 2, 0.2] and told.notes[1]["value"]["y"][2] == "NaN"


def test_an_axis_is_logarithmic_where_values_differ_by_much():
    assert ">0.3<" in curves.lines([curves.Curve("a", [1, 2], [0.1, 30.0])], "t")
    assert ">0.3<" not in curves.lines([curves.Curve("a", [1, 2], [1.0, 2.0])], "t")
    assert curves.lines([curves.Curve("a", [1], [float("nan")])], "t") == ""
    assert "NaN" not in curves.lines([curves.Curve("a", [1, 1], [2.0, 2.0])], "t").replace("<title>", "")


def test_a_table_in_which_every_row_differs_has_no_marks():
    noted = [
        verdict(subject, "told", notes=({"name": "errors", "figure": "", "value": {"head": ["a", "b"], "rows": [["x", what]]}},))
        for subject, what in (("torch", "it"), ("jax", "other"))
    ]
    (table,) = scenarios.tables(noted, ["torch", "jax"])
    assert table.rows == [(("x", "it", "other"), False)]
