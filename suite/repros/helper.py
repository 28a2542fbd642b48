"""Runs scripts, each in a process of its own that is forked where the framework is imported already.

Its text is given to the interpreter of a subject by `-c`, with the modules to import as arguments (`!` in front: which are as if
not installed): it imports nothing of this project. A line of JSON asks for a script (script, place, seconds), a line answers
(status, or null after too long). What a script writes goes to the files `out` and `err` in its place. An import that starts
threads makes forks unsafe: the first line then says so, and nothing is forked.
"""

import importlib
import json
import os
import runpy
import signal
import sys
import time
from importlib.machinery import PathFinder


def main(modules):
    """Import, say whether scripts may be forked, and run those that are asked for."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        for module in modules:
            if module.startswith("!"):
                without(module[1:])
            else:
                importlib.import_module(module)
        ready = len(os.listdir("/proc/self/task")) == 1
    except Exception:
        ready = False
    print(json.dumps({"ready": ready}), file=answers, flush=True)
    for line in sys.stdin if ready else ():
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            run(asked["script"], asked["place"])
        print(json.dumps({"status": wait(child, asked["seconds"])}), file=answers, flush=True)


def without(name):
    """Let a module be as if it was not installed."""

    class Without(PathFinder):
        @classmethod
        def find_spec(cls, asked, *where):
            return None if asked == name else PathFinder.find_spec(asked, *where)

    sys.meta_path[:] = [Without if finder is PathFinder else finder for finder in sys.meta_path]


def run(script, place):
    """In the child: be the script. Never returns."""
    os.setsid()
    os.chdir(place)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(os.path.join(place, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv, sys.path[0] = [script], os.path.dirname(script)
    status = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def wait(child, seconds):
    """The child's exit status, negative for a signal; None where it took too long, and was killed."""
    until = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.005)


if __name__ == "__main__":
    main(sys.argv[1:])
