"""The explorer: one file that needs nothing else, is safe against what records say, and works in a browser."""

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic_run

from reports import pages
from reports.findings import findings, headline, new_failures
from reports.lines import SEVERITY, Header, Timing, Verdict
from reports.pages import data
from reports.plots import forest, span
from reports.records import NotWritable, Run, read

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--virtual-time-budget=4000",
)
NASTY = (
    "</script><script>document.title='taken'</script><!-- "
    "<img src=x onerror=\"document.title='taken'\"> & 'quotes' \u2028"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = synthetic_run.write(tmp_path_factory.mktemp("pages") / "run")
    pages.write(folder)
    return folder


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "index.html").read_text()


class Reader(HTMLParser):
    """Tags with their attributes, and the text of the data block."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.data = ""
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = ("id", "data") in attrs

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.data += data


def browse(tmp_path, text: str, script: str, width: int = 1280) -> dict:
    """Open a page in Chromium, run a script in it, and return what the script puts into `told`."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: the page was not opened in a browser")
    page = tmp_path / "page.html"
    run = f"<script>const told = {{}}; {script}; document.body.dataset.told = JSON.stringify(told)</script></body>"
    page.write_text(text.replace("</body>", run))
    done = subprocess.run(
        [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},1200",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = re.search(r'<body[^>]*data-told="([^"]*)"', done.stdout)
    assert found, f"the page's script did not run to its end: {done.stderr[-2000:]}"
    return json.loads(html.unescape(found.group(1)))


def test_the_page_is_one_file_without_a_request(text):
    for tag, attributes in Reader(text).tags:
        assert tag not in ("img", "iframe", "object", "embed", "base")
        assert "src" not in attributes
        assert tag != "link" or attributes["href"] == "data:,"
    assert "url(" not in text and "@import" not in text and "fetch(" not in text


def test_the_summary_stands_beside_the_page(folder):
    assert headline(read(folder)) in (folder / "summary.md").read_text()


def test_the_data_holds_every_check(folder, text):
    run, packed = read(folder), json.loads(Reader(text).data)
    assert [
        (packed["subjects"][each[1]]["name"] + "::" + each[0], packed["verdicts"][each[3]]) for each in packed["checks"]
    ] == [(each.id, each.verdict) for each in run.verdicts]


def test_every_verdict_has_a_sign_of_its_own():
    assert set(data.SIGNS) == set(SEVERITY) and len(set(data.SIGNS.values())) == len(SEVERITY)


def test_the_scripts_of_failures_are_inside(folder, text):
    run, packed = read(folder), json.loads(Reader(text).data)
    wanted = {each.repro for each in run.verdicts if each.repro}
    assert set(packed["scripts"]) == wanted and all("import torch" in script for script in packed["scripts"].values())


def test_scripts_beyond_the_limit_are_linked_and_new_failures_come_first(folder, monkeypatch):
    run = read(folder)
    failed = [each.repro for each in new_failures(run.verdicts) if each.repro]
    monkeypatch.setattr(data, "SCRIPTS_LIMIT", 3 * len((folder / failed[0]).read_text()))
    assert 2 <= len(data.packed(run)["scripts"]) <= 3 and set(data.packed(run)["scripts"]) <= set(failed)


def test_a_page_elsewhere_takes_its_scripts_along(folder, tmp_path):
    run = read(folder)
    pages.write_page(run, tmp_path / "site")
    assert all((tmp_path / "site" / each.repro).is_file() for each in run.verdicts if each.repro)


def test_a_folder_that_cannot_be_written_is_one_sentence(folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritable, match="report cannot be written"):
        pages.write_page(read(folder), tmp_path / "file" / "site")


def test_a_cut_off_run_says_so_on_its_page(tmp_path):
    page = pages.write(synthetic_run.write(tmp_path / "run", cases=2, cut=True)).read_text()
    assert "Cut off:" in page and "Incomplete." in page


def test_an_empty_run_has_a_page(tmp_path):
    page = pages.html(Run(tmp_path, Header("2026")))
    assert "no check recorded" in page


def nasty_run(folder: Path) -> Run:
    entry = {"title": NASTY, "issue": "javascript:alert(1)", "reason": NASTY}
    header = Header(
        "2026",
        {NASTY: NASTY},
        {NASTY: [NASTY]},
        NASTY,
        ({"name": NASTY, "versions": {NASTY: NASTY}},),
        ({"name": NASTY, "reason": NASTY},),
        {NASTY: entry},
    )
    check = Verdict(
        f"{NASTY}::{NASTY}",
        NASTY,
        NASTY,
        "known",
        message=NASTY,
        statement=NASTY,
        group=NASTY,
        known=NASTY,
        features={NASTY: NASTY},
        deviations=({"where": NASTY, "message": NASTY},),
        scenario=None,
    )
    timing = Timing("x::y", NASTY, NASTY, NASTY, NASTY, NASTY, "faster", ratio=2.0, low=1.5, high=3.0, note=NASTY)
    return Run(folder, header, (check, Verdict("x::f", NASTY, NASTY, "fail", message=NASTY, scenario=NASTY)), (timing,))


def test_what_records_say_is_text_and_never_markup(tmp_path):
    page = pages.html(nasty_run(tmp_path))
    tags = Reader(page).tags
    assert [tag for tag, _ in tags].count("script") == 2 and not any("onerror" in attributes for _, attributes in tags)
    assert not any(attributes.get("href", "").startswith("javascript:") for _, attributes in tags)
    told = browse(
        tmp_path,
        page,
        """
        for (const each of document.querySelectorAll('details')) each.open = true;
        document.querySelector('.cell').click();
        for (const each of document.querySelectorAll('details')) each.open = true;
        told.title = document.title; told.images = document.images.length""",
    )
    assert told["images"] == 0 and told["title"] != "taken"


def test_the_matrix_counts_what_was_recorded(folder, text, tmp_path):
    run = read(folder)
    told = browse(
        tmp_path,
        text,
        """
        told.cells = {};
        for (const cell of document.querySelectorAll('.cell'))
          told.cells[cell.getAttribute('aria-label')] = cell.className;
        told.failed = [...document.querySelectorAll('#failed .id')].map((each) => each.textContent);
        told.shown = document.getElementById('shown').value;
        told.noscript = document.querySelectorAll('noscript').length""",
    )
    expected = {}
    for each in run.verdicts:
        expected.setdefault((each.invariant, each.subject), []).append(each.verdict)
    labels = {
        f"{invariant}, {subject}: " + ", ".join(f"{verdicts.count(v)} {v}" for v in SEVERITY if v in verdicts)
        for (invariant, subject), verdicts in expected.items()
    }
    assert set(told["cells"]) == labels
    assert told["failed"] == [each.id for each in new_failures(run.verdicts)]
    assert told["shown"] == "1 780 checks"
    left = told["cells"]["wrong_features, torch: 17 unsupported"]
    assert left == "cell unsupported"


def test_a_cell_opens_its_checks_and_a_check_its_script(folder, text, tmp_path):
    run = read(folder)
    known = [
        each
        for each in run.verdicts
        if (each.subject, each.invariant, each.verdict) == ("keras-torch", "unpadded", "known")
    ]
    told = browse(
        tmp_path,
        text,
        """
        const cell = document.querySelector('.cell[aria-label^="unpadded, keras-torch"]');
        told.before = document.querySelectorAll('.opened').length;
        cell.click();
        told.checks = document.querySelectorAll('.opened .check').length;
        const check = document.querySelector('.opened .check');
        check.open = true;
        check.dispatchEvent(new Event('toggle'));
        told.script = check.querySelector('pre').textContent; told.id = check.querySelector('.id').textContent;
        told.text = check.querySelector('.inner').textContent; told.expanded = cell.getAttribute('aria-expanded');
        cell.click();
        told.after = document.querySelectorAll('.opened').length""",
    )
    assert (told["before"], told["checks"], told["after"], told["expanded"]) == (0, 17, 0, "true")
    assert told["id"] in {each.id for each in known} and told["script"].startswith(f'"""{told["id"]}"""')
    assert known[0].known in told["text"] and known[0].statement in told["text"]


def test_filters_narrow_matrix_and_lists(folder, text, tmp_path):
    run = read(folder)
    told = browse(
        tmp_path,
        text,
        """
        const input = document.getElementById('words'), form = document.getElementById('filter');
        input.value = 'MASK=left keras-torch'; form.requestSubmit();
        told.words = document.getElementById('shown').value;
        for (const box of form.querySelectorAll('input[type=checkbox]')) box.checked = box.value === 'known';
        form.requestSubmit();
        told.known = document.getElementById('shown').value;
        told.classes = [...new Set([...document.querySelectorAll('.cell')].map((each) => each.className))];
        told.failed = document.querySelectorAll('#failed .check').length;
        document.getElementById('everything').click();
        told.all = document.getElementById('shown').value""",
    )
    left = [v for v in run.verdicts if v.subject == "keras-torch" and v.features["mask"] == "left"]
    known = [v for v in left if v.verdict == "known"]
    total = f"{len(run.verdicts):,} checks".replace(",", " ")
    assert (
        told["words"] == f"{len(left)} of {total}"
        and told["known"] == f"{len(known)} of {total}"
        and told["all"] == total
    )
    assert told["classes"] == ["cell known"] and told["failed"] == 0


@pytest.mark.parametrize("width", [1280, 800])
def test_nothing_is_wider_than_the_window(text, tmp_path, width):
    told = browse(
        tmp_path,
        text,
        """
        document.querySelectorAll('.cell')[3].click();
        for (const each of document.querySelectorAll('details')) {
          each.open = true; each.dispatchEvent(new Event('toggle'));
        }
        told.page = document.documentElement.scrollWidth; told.window = innerWidth;
        told.cut = [...document.querySelectorAll('.forest')].filter((svg) => {
          const box = svg.getBoundingClientRect();
          return [...svg.querySelectorAll('text')].some((each) => each.getBoundingClientRect().left < box.left - 1);
        }).length""",
        width,
    )
    assert told["page"] <= told["window"] == width and told["cut"] == 0


def test_the_page_can_be_used_with_a_keyboard(text, tmp_path):
    told = browse(
        tmp_path,
        text,
        """
        const reach = 'a[href], button, input, summary, [tabindex]';
        told.clickable = [...document.querySelectorAll('.cell, .check > summary, .finding > summary, .more')]
          .every((each) => each.matches(reach));
        told.unnamed = [...document.querySelectorAll('button, input')]
          .filter((each) => !each.textContent.trim() && !each.ariaLabel && !each.closest('label')).length;
        told.headless = [...document.querySelectorAll('.matrix tbody tr:not(.group)')]
          .filter((row) => !row.querySelector('th[scope=row]')).length""",
    )
    assert told == {"clickable": True, "unnamed": 0, "headless": 0}


def test_text_has_contrast_enough():
    """WCAG AA: 4.5 to 1 for every pair of a verdict's colours, and for muted text."""
    style = (Path(pages.__file__).parent / "templates" / "explorer.css").read_text()
    colours = {name: value for name, value in re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", style)}

    def light(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    pairs = [(name, f"{name}-bg") for name in SEVERITY] + [
        ("muted", "paper"),
        ("muted", "soft"),
        ("link", "paper"),
        ("ink", "soft"),
    ]
    for front, back in pairs:
        low, high = sorted((light(colours[front]), light(colours[back])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back)


def test_ten_thousand_checks_open_quickly(tmp_path):
    folder = synthetic_run.write(tmp_path / "run", cases=101)
    page = pages.write(folder)
    assert len(read(folder).verdicts) > 10_000 and page.stat().st_size < 6_000_000
    told = browse(
        tmp_path, page.read_text(), "told.ready = performance.now(); told.nodes = document.querySelectorAll('*').length"
    )
    assert told["ready"] < 5000 and told["nodes"] < 6000


def test_a_chart_shows_each_timing_on_a_common_axis():
    timings = [
        Timing(
            f"a::{ratio}",
            "a",
            f"w{ratio:g}",
            "lstm",
            "fused",
            "generic",
            verdict,
            ratio=ratio,
            low=ratio / 1.1,
            high=ratio * 1.1,
        )
        for ratio, verdict in ((0.5, "slower"), (1.0, "equivalent"), (4.0, "faster"))
    ]
    drawn = forest(timings, span(timings), "a")
    square = float(re.search(r'class="slower"><rect x="([\d.]+)"', drawn).group(1)) + 4.5
    one = float(re.search(r'class="one" x1="([\d.]+)"', drawn).group(1))
    disc = float(re.search(r'class="faster"><circle cx="([\d.]+)"', drawn).group(1))
    width = float(re.search(r'viewBox="0 0 (\d+) ', drawn).group(1))
    label = float(re.search(r'class="label" x="(\d+)"', drawn).group(1))
    assert label < square < one < disc < width and disc - square > 200
    assert disc - one == pytest.approx(2 * (one - square), abs=0.5)  # log 4 = 2 log 2


def test_a_timing_without_a_ratio_says_why():
    timings = [Timing("a::1", "a", "w", "lstm", "fused", "generic", "unsupported", note="no <fused> kernel")]
    assert "unsupported: no &lt;fused&gt; kernel" in forest(timings, span(timings), "a")


def test_findings_are_on_the_page_with_their_reasons(folder, text):
    plain = html.unescape(text)
    for finding in findings(read(folder)):
        assert finding.title in plain and all(value in plain for _, value in finding.told)
