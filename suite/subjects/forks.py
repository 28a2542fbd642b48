"""Processes that are forked where a framework is imported already: the scripts of failures, and interpreters of subjects.

Its text is given to an interpreter by `-c`, with the path of a socket and the modules to import as arguments (`!` in front: which
are as if not installed; `+`: a folder in which those behind it are found, whose errors are left to whoever needs them). Its first
line of output says whether anything can be forked: an import that starts threads makes forks unsafe. Each process is asked for on
a connection of its own, by a line of JSON: a script (`script`, `place`: its output goes to the files `out` and `err` there), or
an interpreter (`code`, with its stdin, stdout and stderr as descriptors). The answer is its exit status, negative for a signal.
Who hangs up kills it; when this process' own stdin ends, all are killed.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from importlib.machinery import PathFinder


def main(address, modules):
    """Import, say whether processes may be forked, and fork those that are asked for."""
    answers = os.dup(1)
    os.dup2(2, 1)
    gc.disable()  # nothing that is imported is garbage, and looking for it takes a sixth of the time
    try:
        without({module[1:] for module in modules if module.startswith("!")})
        excused = ()
        for module in modules:
            if module.startswith("+"):
                sys.path.insert(0, module[1:])
                excused = (Exception,)
            elif not module.startswith("!"):
                with contextlib.suppress(*excused):
                    importlib.import_module(module)
        gc.freeze()
        gc.enable()
        ready = len(os.listdir("/proc/self/task")) == 1
        server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server.bind(address)
        server.listen(16)
    except Exception:
        ready = False
    os.write(answers, f"{json.dumps({'ready': ready})}\n".encode())
    os.close(answers)
    if ready:
        serve(server)
        os._exit(0)  # nothing is left to be done, and frameworks take a fifth of a second to be taken down


def without(names):
    """Let modules be as if they were not installed."""

    class Without(PathFinder):
        @classmethod
        def find_spec(cls, asked, *where):
            return None if asked in names else super().find_spec(asked, *where)

    sys.meta_path[:] = [Without if finder is PathFinder else finder for finder in sys.meta_path]


def serve(server):
    """Fork for each connection, tell it how the process ended, and kill where it is hung up, until stdin ends."""
    ends, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children = {}
    while True:
        readable = select.select([0, ends, server, *children.values()], [], [])[0]
        if 0 in readable and not os.read(0, 1):
            break
        if ends in readable:
            os.read(ends, 512)
        for child, connection in list(children.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                with contextlib.suppress(OSError):
                    connection.send(json.dumps({"status": os.waitstatus_to_exitcode(status)}).encode())
                children.pop(child).close()
            elif connection in readable and not connection.recv(1):
                kill(child)
        if server in readable:
            connection, _ = server.accept()
            message, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 3)
            child = os.fork()
            if child == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for each in (server, connection, *children.values()):
                    each.close()
                os.close(ends)
                os.close(told)
                be(json.loads(message), descriptors)
            for each in descriptors:
                os.close(each)
            children[child] = connection
    for child in children:
        kill(child)


def kill(child):
    """Kill a process and those that it started, which may not lead a session yet."""
    for end in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            end(child, signal.SIGKILL)


def be(asked, descriptors):
    """In the child: be what is asked for. Never returns."""
    os.setsid()
    if "code" in asked:
        sys.path[0] = ""
        sys.argv = ["-c"]
        ended(lambda: exec(asked["code"], {"__name__": "__main__"}), descriptors)
    os.chdir(asked["place"])
    out, err = (os.open(os.path.join(asked["place"], name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for name in ("out", "err"))
    sys.argv, sys.path[0] = [asked["script"]], os.path.dirname(asked["script"])
    ended(lambda: runpy.run_path(asked["script"], run_name="__main__"), (os.open(os.devnull, os.O_RDONLY), out, err))


def ended(run, descriptors):
    """Run with this stdin, stdout and stderr, and end the process as an interpreter would."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    status = 0
    try:
        run()
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


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
