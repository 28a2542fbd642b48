"""How a test of a check ends: as its verdict says, with its record handed over to whoever writes the records.

What fails anew is a test as any other. The thousands that pass, that are known to fail or that a stack does not support end
without fixtures, phases and tracebacks, which are most of what pytest costs here: `at_once` makes the reports that pytest
would have made.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from reports.lines import Verdict
from suite.checks import Check, Exploring
from suite.session import Session

SESSION = pytest.StashKey[Session]()
ORDINARY = pytest.StashKey[bool]()
"""Whether some test has been run as any other: then pytest may have something to tear down after each."""
FOUND = pytest.StashKey[Verdict]()
"""The record of a test that is run as any other, where it was found before."""
PLACES = pytest.StashKey[dict[Any, tuple[str, int | None]]]()
"""Function -> its file and line."""
QUIET = ("pass", "known", "unsupported")


def session_of(config: pytest.Config) -> Session:
    """The suite's session of this pytest run."""
    return config.stash[SESSION]


def hand_over(item: pytest.Item, session: Session, record: Verdict) -> None:
    """Let the record, and its script where it has one, travel with the test's report."""
    if script := session.scripts.pop(record.repro or "", None):
        item.user_properties.append(("repro", json.dumps([record.repro, script])))
    item.user_properties.append(("verdict", line := record.to_line()))
    if not hasattr(item.config, "workerinput"):
        session.handed[line] = record


def settle(check: Check, request: pytest.FixtureRequest) -> None:
    """Find a check's verdict, hand over its record, and end the test as the verdict says."""
    session = session_of(request.config)
    record = request.node.stash.get(FOUND, None) or session.verdict(check)
    hand_over(request.node, session, record)
    if record.verdict == "unsupported":
        pytest.skip(record.message)
    if record.verdict == "known":
        raise pytest.xfail.Exception(f"{record.known}: {record.message}", pytrace=False)  # a traceback of ours takes 20 ms
    if record.verdict != "pass":
        pytest.fail(f"{record.verdict}: {record.message}\n{record.statement}", pytrace=False)


def search(exploring: Exploring, request: pytest.FixtureRequest) -> None:
    """Search one subject, hand over the records of what was found, and end the test as the worst of them says."""
    session = session_of(request.config)
    exploration, records = session.found(exploring)
    for record in records:
        hand_over(request.node, session, record)
    request.node.user_properties.append(("exploration", exploration.to_line()))
    if new := [record for record in records if record.verdict not in QUIET]:
        pytest.fail("\n".join(f"{each.verdict}: {each.id}\n    {each.message}" for each in new), pytrace=False)


def at_once(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a check's test without pytest's phases, where it ends as one of `QUIET`; whether that was done."""
    config = item.config
    check = item.callspec.params.get("check") if hasattr(item, "callspec") else None
    if not isinstance(check, Check) or config.getoption("setupshow", False):
        config.stash[ORDINARY] = True
        return False
    session, start = session_of(config), time.time()
    try:
        record = session.verdict(check)
    except Exception:  # ours: told as pytest tells of any error
        record = None
    if record is None or record.verdict not in QUIET:
        config.stash[ORDINARY] = True
        if record is not None:
            item.stash[FOUND] = record
        return False
    hand_over(item, session, record)
    find(item)
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    keywords = dict.fromkeys(item.keywords, 1)
    nothing: dict[str, Any] = {"outcome": "passed", "longrepr": None}
    for when, ended in (("setup", nothing), ("call", outcome(item, record)), ("teardown", nothing)):
        stop = time.time() if when == "call" else start
        item.ihook.pytest_runtest_logreport(report=pytest.TestReport(
            item.nodeid, item.location, keywords, when=when, start=start, stop=stop, duration=stop - start,
            user_properties=item.user_properties, **ended,
        ))
    if config.stash.get(ORDINARY, False):
        item.ihook.pytest_runtest_teardown(item=item, nextitem=nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def find(item: pytest.Item) -> None:
    """Tell the item where it stands, where another one of its function was found before: pytest searches for each of them."""
    places = item.config.stash.setdefault(PLACES, {})
    if item.obj in places:
        item.__dict__["location"] = (*places[item.obj], item.name)
    else:
        places[item.obj] = item.location[:2]


def outcome(item: pytest.Item, record: Verdict) -> dict[str, Any]:
    """How pytest tells of a test that ends as the verdict says."""
    if record.verdict == "unsupported":
        return {"outcome": "skipped", "longrepr": (str(item.path), (item.location[1] or 0) + 1, f"Skipped: {record.message}")}
    if record.verdict == "known":
        reason = f"{record.known}: {record.message}"
        return {"outcome": "skipped", "longrepr": reason, "wasxfail": f"reason: {reason}"}
    return {"outcome": "passed", "longrepr": None}
