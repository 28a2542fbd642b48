"""The suite as a pytest plugin: options, parametrization, verdicts as pytest's outcomes, records, the summary."""

from __future__ import annotations

import gc
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from reports.lines import Exploration, Timing, Verdict
from reports.records import NotWritable, RecordsError, Writer
from reports.records import Run as Recorded
from suite import kept
from suite.checks import Check, Exploring, in_turn
from suite.opening import open_session
from suite.repros import again
from suite.session import Session, default_folder
from suite.settings import BadUse, Settings
from suite.settling import SESSION, at_once, session_of
from suite.stale import outlived, stale
from suite.subjects import ahead
from suite.timing.comparison import Comparison, Preparing

ROOT = Path(__file__).resolve().parents[1]
RUN = pytest.StashKey["Run"]()
KINDS = {"test_invariant": "checks", "test_family": "families", "test_claim": "claims", "test_exploration": "searches"}
"""The test -> the session's list that it is made for."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The suite's options."""
    group = parser.getgroup("rnn-conformance", "conformance of recurrent layers (pytest suite)")
    group.addoption("--subject", action="append", default=[], metavar="NAME",
                    help="whom to ask, repeatable: [alias=]backend[@requirement | @/path/to/python]; "
                         "default: all that are installed here")
    group.addoption("--device", default="all", help="cpu, cuda or all (default: all that are here)")
    group.addoption("--kernel", default="all",
                    help="fused, generic, unrolled, compiled, or all (default): run every case with it")
    group.addoption("--depth",
                    help="smoke, default or full: features covered alone, in pairs, in triples (default: default)")
    group.addoption("--explore", type=int, default=0, metavar="N",
                    help="draw N cases at random, check every invariant that applies, shrink what fails; in place of "
                         "the plan, or after it where --depth is given")
    group.addoption("--seed", type=int, default=0, help="seed of every array (default: 0)")
    group.addoption("--threads", type=int, default=1, help="threads a subject may use (default: 1)")
    group.addoption("--timeout", type=float, default=60.0, metavar="SECONDS", help="for one request (default: 60)")
    group.addoption("--record", metavar="DIR", help="folder of the run's records (default: results/<time>-<short id>)")
    group.addoption("--resume", metavar="DIR", help="go on with a run that was cut off")
    group.addoption("--no-repro-check", action="store_true",
                    help="do not run a sample of the scripts of failures again at the end")
    group.addoption("--inline", action="store_true", help="one subject, in pytest's own process, for a debugger")
    group.addoption("--ledger", action="append", default=[], metavar="FILE",
                    help="further known failures, besides suite/known.toml")


def asks_the_suite(config: pytest.Config) -> bool:
    """Whether the command line runs the suite, and not only the project's own tests."""
    places = [Path(str(arg).partition("::")[0]).resolve() for arg in config.args]
    return any(place == ROOT or place.is_relative_to(ROOT / "suite") for place in places)


def pytest_configure(config: pytest.Config) -> None:
    """Open the suite's session, and the folder of its records, where the suite is asked for."""
    if not asks_the_suite(config) or config.option.help:
        gc.enable()
        ahead.end()
        return
    option = config.getoption
    settings = Settings(
        tuple(option("--subject")), option("--device"), option("--kernel"), option("--depth") or "default", option("--seed"),
        option("--threads"), option("--timeout"), option("--inline"), tuple(option("--ledger")), option("--record"),
        option("--resume"), not option("--no-repro-check"), option("--explore"),
        bool(option("--depth")) or not option("--explore"),
    )
    place = kept.place()  # of the sources that this run has read: they may be edited while it lasts
    if not config.getoption("cacheclear", False):
        kept.recall(place)  # the plan's arrays too, which opening a session asks for
    try:
        config.stash[SESSION] = open_session(settings)
        if settings.explore and getattr(config, "cache", None) is not None:
            config.stash[SESSION].examples = config.cache.mkdir("rnn-conformance-examples")
        if not hasattr(config, "workerinput") and not config.option.collectonly:
            config.stash[RUN] = Run(config.stash[SESSION], config, place)
            config.pluginmanager.register(config.stash[RUN], "rnn-conformance-run")
            if config.stash[RUN].distributed:  # which collects, and starts, nothing itself
                gc.enable()
            chosen = bool(config.option.keyword) or any("::" in str(arg) for arg in config.args)
            if not (settings.inline or config.stash[RUN].distributed or (chosen and not settings.subjects)):
                config.stash[SESSION].start_ahead(everything=not chosen)
    except (BadUse, RecordsError) as error:
        raise pytest.UsageError(str(error)) from None
    finally:
        ahead.end()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Under `-n`, a subject's tests stay together in one worker: one interpreter each."""
    if SESSION not in config.stash or config.option.dist != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    session = session_of(config)
    lanes = {str(check): lane_of(check) for check in (*session.all_checks, *session.searches)}

    class BySubject(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            check = named_in(nodeid)
            return lanes.get(check) or check.partition("::")[0]

    return BySubject(config, log)


def lane_of(check: Check | Exploring) -> str:
    """The subject whose worker a check belongs to: across two subjects, the one to which all others are compared."""
    return check.other.name if getattr(check, "other", None) else check.subject.name


def named_in(nodeid: str) -> str:
    """The check in FILE::TEST[CHECK], to which `--dist loadgroup` appends @GROUP."""
    return nodeid.partition("[")[2].partition("]@")[0].removesuffix("]")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave no process, and no folder of a run that never began."""
    if RUN in config.stash:
        config.stash[RUN].discard()
    if SESSION in config.stash:
        if RUN in config.stash and not config.stash[RUN].begun:
            config.stash[SESSION].halt()
        config.stash[SESSION].stop()  # also where nobody writes records: in a worker of xdist
        config.stash[SESSION].close()
    gc.freeze()  # pytest looks for garbage five times at the end


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a check."""
    if metafunc.definition.name not in KINDS or SESSION not in metafunc.config.stash:
        return
    session = session_of(metafunc.config)
    kind = KINDS[metafunc.definition.name]
    metafunc.parametrize("check", [
        pytest.param(check, id=str(check), marks=pytest.mark.xdist_group(lane_of(check)))
        for check in getattr(session, kind)
    ])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Checks first, those that take the longest above all, searches then, times last, when nothing else runs; the checks of one
    file and subject in the order in which lanes come to them, so that each is told when it is known. Of what is not asked for,
    nothing is said."""
    items[:] = [item for item in items if not unasked(item)]
    asked = [item.callspec.params.get("check") if hasattr(item, "callspec") else None for item in items]
    turns = in_turn(check for check in asked if isinstance(check, Check))
    places = {path: place for place, path in enumerate(dict.fromkeys(item.path for item in items))}

    def key(item: pytest.Item, check: Any) -> tuple:
        return ("benchmarks" in item.path.parts, item.originalname == "test_exploration", not getattr(check, "compiled", False),
                places[item.path], turns.get(str(check), 0))

    keys = {item: key(item, check) for item, check in zip(items, asked, strict=True)}
    items.sort(key=keys.__getitem__)


def unasked(item: pytest.Item) -> bool:
    """Whether a test has no parameters because a search, the plan, or at this depth any statement, was not asked for."""
    if SESSION not in item.config.stash or "suite" not in item.path.parts:
        return False
    session, kind = session_of(item.config), getattr(item, "originalname", "")
    return not getattr(session, KINDS[kind]) if kind in KINDS else not session.settings.planned


@pytest.fixture
def suite_session(request: pytest.FixtureRequest) -> Session:
    """The suite's session: its subjects and settings."""
    return session_of(request.config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """The suite's checks end at once, where they end as was known."""
    return (SESSION in item.config.stash and at_once(item, nextitem)) or None


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """Our words in pytest's counts: known and unsupported."""
    if report.when == "call" and report.user_properties and report.user_properties[-1][0] == "verdict":
        if report.skipped:
            return ("known", "k", "KNOWN") if hasattr(report, "wasxfail") else ("unsupported", "u", "UNSUPPORTED")
    return None


class Run:
    """The one writer of a run's records: lives in pytest's main process, also under xdist."""

    def __init__(self, session: Session, config: pytest.Config, place: Path):
        self.session, self.config, self.place = session, config, place
        self.folder = Path(session.settings.resume or session.settings.record or default_folder())
        self.new = not self.folder.exists()
        self.writer = Writer(self.folder, resume=session.settings.resume is not None)
        self.planned: Counter = Counter()
        self.begun = self.whole = False
        self.seconds = Counter()
        self.explained: set[tuple[str, str]] = set()
        self.problem: str | None = None
        self.read: Recorded | None = None  # as the report is made of it
        self.searched: list[str] = []
        self.recalled = kept.known()

    @property
    def distributed(self) -> bool:
        """Whether workers of xdist run the tests."""
        return getattr(self.config.option, "dist", "no") != "no"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin: what was selected is what is planned."""
        if session.testsfailed or self.distributed or not session.items:
            return
        params = [item.callspec.params.get("check") for item in session.items if hasattr(item, "callspec")]
        checks = [check for check in params if isinstance(check, Check)]
        searches = [search for search in params if isinstance(search, Exploring)]
        self._begin([str(check) for check in checks], [search.subject.name for search in searches])
        if not self.session.settings.inline:
            self.session.run_ahead([*(check for check in checks if str(check) not in self.session.earlier), *searches],
                                   self._timings(session))

    def _timings(self, session: pytest.Session) -> list[Preparing]:
        """The comparisons that were selected."""
        benchmarks = self.config._benchmarksession
        if benchmarks.skip:
            return []
        params = [item.callspec.params.get("measured") for item in session.items if hasattr(item, "callspec")]
        found = dict.fromkeys(each for each in params if isinstance(each, Comparison))
        return [Preparing(each, benchmarks.disabled) for each in found]

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """Under xdist every worker collects the same; the first one counts."""
        if ids and not self.begun:
            known = {str(c) for c in self.session.all_checks}
            searches = {str(search): search.subject.name for search in self.session.searches}
            named = [named_in(each) for each in ids]
            self._begin([check for check in named if check in known], [searches[each] for each in named if each in searches])

    def _begin(self, checks: list[str], searched: list[str]) -> None:
        self.begun = True
        self.searched = [*self.session.explored, *searched]
        planned = dict.fromkeys([*self.session.earlier, *checks])
        anchor = self.session.subjects[0].name if any("::frameworks_agree::" in check for check in checks) else ""
        self.session.start({*(check.partition("::")[0] for check in planned), anchor, *searched})
        self.planned.update(check.partition("::")[0] for check in planned)
        everything = {str(c) for c in self.session.all_checks}
        settings = self.session.settings
        self.whole = settings.planned and set(checks) == everything and settings.depth != "smoke" and settings.kernel == "all"
        self._write(self.writer.begin, self.session.header())
        if self.distributed:
            for subject in self.session.subjects:
                subject.stop()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the records that a test handed over."""
        if report.when != "call":
            return
        for name, line in report.user_properties:
            if name == "timing":
                self._write(self.writer.add, Timing.from_json(json.loads(line)))
            elif name == "exploration":
                self._write(self.writer.add, Exploration.from_json(json.loads(line)))
            elif name == "repro":
                self._write(self._script, json.loads(line))
            elif name == "verdict":
                record = self.session.handed.pop(line, None) or Verdict.from_json(json.loads(line))
                if record.more.get("explored") and record.id not in self.session.earlier:
                    self.planned[record.subject] += 1  # found, and so not planned from the beginning
                self.seconds["checks"] += record.seconds
                self.seconds["frameworks"] += record.more.get("framework_seconds", 0.0)
                if key := record.known if record.verdict == "known" else record.more.get("beside"):
                    self.explained.add((record.subject, key))
                if record.id not in self.session.earlier:
                    self._write(self.writer.add, record, line)

    def _scripts(self, records: Sequence[Verdict], exitstatus: int) -> dict[str, Any]:
        """Try a sample of the scripts again, if that is wanted; for the last line of the records."""
        settings = self.session.settings
        results = None
        if settings.repro_check and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            subjects = {subject.name: subject for subject in self.session.subjects}
            chosen = again.sample(records, self.folder, settings.depth == "full", settings.seed)
            chosen = [each for each in chosen if each.subject in subjects]
            total = again.TOTAL[settings.depth]
            results = again.run(chosen, self.folder, lambda record: subjects[record.subject].specification, total,
                                nurseries={name: subject.nursery for name, subject in subjects.items()})
        return {"repros": again.told(records, results)}

    def _script(self, script: tuple[str, str]) -> None:
        """Write a script, (file relative to the run's folder, text). Raises NotWritable."""
        name, text = script
        path = self.folder / name
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as problem:
            why = (problem.strerror or str(problem)).lower()
            raise NotWritable(f"Scripts cannot be written to {path.parent}: {why}.") from None

    def _write(self, write: Callable[..., Any], *what: Any) -> None:
        try:
            write(*what)
        except RecordsError as error:  # a full disk: what cannot be recorded need not be asked
            pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)

    def _close(self) -> None:
        try:
            self.writer.close()
        except OSError as error:
            self.problem = f"the records could not be closed: {error}"

    def discard(self) -> None:
        """Leave nothing behind where no run was begun."""
        if self.begun or self.session.settings.resume is not None:
            return
        self._close()
        self.writer.path.unlink(missing_ok=True)
        if self.new and self.folder.exists() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """End the subjects, the records, and write the report."""
        if not self.begun:
            return
        if self.whole and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            for record in stale(self.session, self.explained):
                if record.id not in self.session.earlier:
                    self.planned[record.subject] += 1
                    self.writer.add(record)
                session.exitstatus = exitstatus = pytest.ExitCode.TESTS_FAILED
        newer = outlived(self.session, self.explained) if self.whole else []
        self.session.stop()
        kept.keep(self.place, self.recalled)
        scripts = self._scripts(self.writer.run().verdicts, exitstatus)
        starting = sum(s.starting for s in self.session.interpreters)
        frameworks = self.seconds["frameworks"] + starting
        if exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR):
            self._close()  # without its last line: whoever reads it sees that it was cut off
        else:
            self.writer.end(
                planned=dict(self.planned), explored=tuple(self.searched),
                seconds=round(time.time() - self.session.began, 1), exit=int(exitstatus),
                seconds_frameworks=round(frameworks, 1),
                seconds_harness=round(self.seconds["checks"] - self.seconds["frameworks"], 1),
                more={**scripts, "recovered": sorted({s.name for s in self.session.interpreters if s.recovered}), "newer": newer},
            )
        self.read = self.writer.run()
        try:
            from reports.pages import write_page

            write_page(self.read, self.folder)
        except (RecordsError, OSError) as error:
            self.problem = f"the report could not be written: {error}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The run in thirty lines."""
        from reports.summary import terminal

        if not self.begun:
            return
        terminalreporter.section("rnn-conformance", sep="=")
        for line in terminal(self.read) if self.read else []:
            terminalreporter.write_line(line)
        if self.problem:
            terminalreporter.write_line(self.problem, red=True)
