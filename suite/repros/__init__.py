"""Scripts that show a failure with nothing but the framework and numpy, ready for an upstream issue.

`finding` says which answer is wrong and what shows it · `compose` writes the script around `keras` and `pytorch`,
which know each framework's words, `data` and `equations` · `models` and `functions` write those of models, and of all other
questions · `known` has those of known findings that were written by hand · `again` runs scripts in a clean interpreter. Text
only: no framework is imported here.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Sequence

from cases.models import FunctionRequest, ModelRequest
from cases.requests import Deviation, Request
from suite.repros.compose import body
from suite.repros.finding import Asked, NoScript, find
from suite.repros.functions import Again, of_function
from suite.repros.keras import Keras
from suite.repros.models import of_model
from suite.repros.pytorch import PyTorch

FOLDER = "repros"
STACKS = {
    "keras-tensorflow": lambda device: Keras("tensorflow"), "keras-jax": lambda device: Keras("jax"),
    "keras-torch": lambda device: Keras("torch"), "torch": PyTorch,
}
"""Backend -> who writes its scripts."""


def script(
    asked: Sequence[Asked], deviations: Sequence[Deviation], verdict: str, backends: Sequence[str], versions: str,
    device: str, statement: str, message: str, identity: str, again: Again | None = None,
) -> str:
    """The text of the script for a failed check. Raises NoScript, with the reason.

    backends: of the subjects that the check asked, in order; versions: in words, of the first; again: what the check says of
    other answers, where the lines that ask may be cut out of the adapter.
    """
    lines, place, name = written(asked, deviations, verdict, backends, device, again)
    told = f"{versions}; {device}" if place == 0 else f"{backends[place]}; {device}"
    heading = [statement, f"Seen with {told}:", message, f"Check: {identity}"]
    heading.append("Exits 1 while the fault is there, else 0.")
    if name.startswith(("outputs", "states")) and re.match("gradients|loss", message):
        heading.insert(3, f"The {name.split('/')[0]} are wrong already: that is what is shown here.")
    wrap = textwrap.TextWrapper(110, break_long_words=False, break_on_hyphens=False)
    words = [line for part in heading for line in wrap.wrap(printable(part)) or [""]]
    return "\n".join(['"""' + words[0], *words[1:], '"""', *lines, ""])


def written(
    asked: Sequence[Asked], deviations: Sequence[Deviation], verdict: str, backends: Sequence[str], device: str,
    again: Again | None = None,
) -> tuple[list[str], int, str]:
    """The lines of a script, the place of the subject that it is about, and the name of the array that it shows. A question
    about a layer is the plainest; else a model's, or another one. Raises NoScript, with the reason of the first kind."""
    reasons = []
    for kind in (Request, ModelRequest, FunctionRequest):
        some = [each for each in asked if isinstance(each.request, kind)]
        try:
            if some and kind is Request:
                finding = find(some, deviations, verdict)
                return body(finding, STACKS[writing(backends[finding.place])](device)), finding.place, finding.name
            if some:
                told = some, deviations, verdict, writing(backends[some[0].place])
                return of_model(*told) if kind is ModelRequest else of_function(*told, again), some[0].place, ""
        except NoScript as reason:
            reasons.append(reason)
    raise reasons[0] if reasons else NoScript(
        f"a {type(asked[0].request).__name__}: not written in scripts yet" if asked else "the subject was asked nothing")


def writing(backend: str) -> str:
    """The backend, if somebody writes its scripts. Raises NoScript."""
    if backend not in STACKS:
        raise NoScript(f"nobody writes scripts for {backend}")
    return backend


def printable(text: str) -> str:
    """Text that may stand in a docstring."""
    return text.replace("\\", "/").replace('"""', "'''").rstrip('"')


def file_name(identity: str) -> str:
    """The script's file, relative to the run's folder: the check's id in characters that every file system takes."""
    plain = re.sub(r"[^A-Za-z0-9._=-]+", "-", identity.replace("::", "--")).strip("-.")
    if len(plain) > 180:
        plain = f"{plain[:160]}-{hashlib.blake2b(identity.encode(), digest_size=6).hexdigest()}"
    return f"{FOLDER}/{plain}.py"
