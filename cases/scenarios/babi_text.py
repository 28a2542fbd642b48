"""The text of `babi-memnn` and `babi-rnn` (document 3): split into tokens, parsed, counted, vectorized, cut off.

Text and parser are the project's own (`cases.babi`, `cases.datafiles`): what is claimed of them alone is the same on every
stack. The stacks' own functions fetch the archive, and pad the ids.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from cases.babi import Question, generate, generate_two, parse_stories, tokenize, vectorize, vocabulary
from cases.datafiles import FILES, TASKS, TESTS, BadData, questions
from cases.invariants.base import settled
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Note, Unsupported
from cases.scenarios.base import claim
from cases.scenarios.files import of_half_a_file
from cases.tolerance import compare

NAMES = tuple(TASKS)
TEXT = (
    "1 Mary moved to the bathroom.\n2 John went to the hallway.\n3 Where is Mary?\tbathroom\t1\n"
    "4 Mary went back to the garden.\n5 Where is Mary?\tgarden\t4\n"
    "1 Sandra got the milk.\n2 Sandra moved to the office.\n3 Where is the milk?\toffice\t1 2\n"
)
MARY, JOHN = "Mary moved to the bathroom .", "John went to the hallway ."
PARSED = {
    "all": ((f"{MARY} {JOHN}", "Where is Mary ?", "bathroom"),
            (f"{MARY} {JOHN} Mary went back to the garden .", "Where is Mary ?", "garden"),
            ("Sandra got the milk . Sandra moved to the office .", "Where is the milk ?", "office")),
    "supporting": ((MARY, "Where is Mary ?", "bathroom"), ("Mary went back to the garden .", "Where is Mary ?", "garden"),
                   ("Sandra got the milk . Sandra moved to the office .", "Where is the milk ?", "office")),
}
"""Which sentences are kept -> story, question and answer of each question in TEXT, by hand."""
NUMBERS = {"babi-memnn": (22, 4, 60, 70, 68), "babi-rnn": (36, 5, 300, 552, 552)}
"""Scenario -> ids, tokens of a question; between what the longest story is, and that of the real ones."""


@lru_cache(maxsize=4)
def text(name: str, test: bool = False) -> str:
    """A generated text with as many questions as the real one, of one supporting fact or two."""
    random, count = generator("babi", name, test), (TESTS if test else TASKS)[name][1]
    return generate(count, random) if name == "babi-memnn" else generate_two(count, random)


@lru_cache(maxsize=2)
def sizes(name: str) -> tuple[int, list[int], int]:
    """Of a generated text: how many ids there are, 0 among them, the lengths of questions, the length of the longest story."""
    found = parse_stories(text(name))
    return len(vocabulary(found)) + 1, sorted({len(q.query) for q in found}), max(len(q.story) for q in found)


def packed(members: dict[str, str]) -> bytes:
    """An archive like the real one, the same at every run."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, content in members.items():
            told = tarfile.TarInfo(name)
            told.size = len(content.encode())
            made.addfile(told, io.BytesIO(content.encode()))
    return gzip.compress(file.getvalue(), compresslevel=1, mtime=0)


@lru_cache(maxsize=2)
def archive(name: str) -> bytes:
    """Both members of a scenario."""
    return packed({TASKS[name][0]: text(name), TESTS[name][0]: text(name, test=True)})


def read(content: bytes, name: str, test: bool = False) -> list[Question] | str:
    """The questions of an archive in a file, or what its error says."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILES["babi"]
        path.write_bytes(content)
        try:
            return questions(path, name, test, only_supporting=False)
        except BadData as problem:
            return str(problem)


@lru_cache(maxsize=2)
def counted(name: str) -> tuple[Deviation, ...]:
    """What is wrong with the number of questions that are read from an archive, and from one cut off; no stack is asked."""
    found = []
    for test, (member, due) in ((False, TASKS[name]), (True, TESTS[name])):
        seen = read(archive(name), name, test)
        if isinstance(seen, str) or len(seen) != due:
            told = seen if isinstance(seen, str) else len(seen)
            found.append(Deviation("archive", f"{member}: found {told}, expected {due}"))
        whole = text(name, test)
        cut = whole[: whole.rindex("\n", 0, -1) + 1]
        short = read(packed({member: cut}), name, test)
        if not (isinstance(short, str) and member in short and f"expected {due}" in short):
            found.append(Deviation("archive", f"{member} without its last line: no error that says so"))
    return tuple(found)


@claim("babi-memnn", "A sentence is its words and its marks, in order.", says="It splits sentences by `tokenize`.")
def tokenized(ask):
    listed = {
        "Where is Mary?": ["Where", "is", "Mary", "?"],
        "John went back to the hallway.": ["John", "went", "back", "to", "the", "hallway", "."],
        "Bob dropped the apple. Where is the apple?": "Bob dropped the apple . Where is the apple ?".split(),
    }
    return [Deviation("tokenize", f"{sentence!r}: found {tokenize(sentence)}, expected {due}")
            for sentence, due in listed.items() if list(tokenize(sentence)) != due]


@claim("babi-memnn", "A question has every sentence before it in its story, or its supporting ones alone, and its answer.",
       [{"kept": kept} for kept in PARSED], says="It parses by `parse_stories`, with and without only_supporting.")
def parsing(ask, kept):
    found = [(" ".join(q.story), " ".join(q.query), q.answer) for q in parse_stories(TEXT, kept == "supporting")]
    if len(found) != len(PARSED[kept]):
        return [Deviation("parse_stories", f"{len(found)} questions, expected {len(PARSED[kept])}")]
    return [Deviation("parse_stories", f"question {number}: found {seen}, expected {due}")
            for number, (seen, due) in enumerate(zip(found, PARSED[kept], strict=True)) if seen != due]


@claim("babi-memnn", "Stories and questions as ids are padded in front as the framework's own function pads them; answers are "
                     "one-hot.", says="It vectorizes stories, questions and answers.")
def vectorized(ask):
    found = parse_stories(TEXT)
    ids = vocabulary(found)
    stories, queries, answers = vectorize(found, ids, max(len(q.story) for q in found), max(len(q.query) for q in found))
    deviations = []
    for what, seen, tokens in (("stories", stories, [q.story for q in found]), ("questions", queries, [q.query for q in found])):
        rows = tuple(np.array([ids[token] for token in one], "int32") for one in tokens)
        answer = ask.answer(FunctionRequest("pad_sequences", (("sequences", rows),)))
        if isinstance(answer, Unsupported):
            answer = ask.answer(FunctionRequest("pad_sequence", (("sequences", rows), ("padding_side", "left"))))
        deviations += compare(what, seen, settled(answer)["result"], 0.0)
    due = np.array([[float(token == q.answer) for token in ("", *sorted(ids))] for q in found])
    return [*deviations, *compare("answers", answers, due, 0.0)]


for _name in NAMES:
    _ids, _query, *_ = NUMBERS[_name]

    @claim(_name, f"As many generated stories as real ones have {_ids} ids, 0 among them, and questions of {_query} tokens; the "
                  "longest story is about as long as the document's.",
           says=f"Vocabulary {_ids}, question {_query}, story {NUMBERS[_name][-1]}.")
    def numbers(ask, name=_name):
        due, tokens, least, most, real = NUMBERS[name]
        ids, queries, longest = sizes(name)
        told = Note("longest story", f"{longest} tokens; {real} in the document")
        if (ids, queries) == (due, [tokens]) and least <= longest <= most:
            return [told]
        words = f"{ids} ids, questions of {queries} tokens, the longest story {longest}"
        return [told, Deviation("numbers", f"{words}: expected {due}, [{tokens}], {least} to {most}")]

    @claim(_name, f"{TASKS[_name][1]} training and {TESTS[_name][1]} test stories are read from an archive, none lost; what is "
                  "cut off after a line is a clear error, not a short data set.",
           says=f"{TASKS[_name][1]} training and {TESTS[_name][1]} test stories.", depth="full")
    def counts(ask, name=_name):
        return list(counted(name))

    @claim(_name, "Half an archive, fetched without its hash, is taken for a whole one by the framework, in silence; what then "
                  "reads it here says that it is cut off, and names the file.",
           says="A half-downloaded data file is a clear error, not a silent short data set.",
           document="it gives no hash, so that nothing looks at what was fetched before it is read")
    def truncated_archive(ask, name=_name):
        content = archive(name)
        half = content[: len(content) // 2]
        seen = ask(FunctionRequest("fetch", (("content", half), ("sha256", ""))))["result"]
        found = compare("bytes that were fetched", seen, np.frombuffer(half, "uint8"), 0.0)
        said = read(seen.tobytes(), name)
        if isinstance(said, str) and FILES["babi"] in said and "cut off" in said:
            return found
        told = said if isinstance(said, str) else f"{len(said)} questions came out"
        return [*found, Deviation("archive", f"half of it is read: {told}")]

    @claim(_name, "A half-downloaded file is an error of the framework's own way to fetch one, if it is told the file's hash.",
           says="The example fetches its archive by get_file, and says that a failed download must be removed by hand.",
           document="it gives no hash, so that half a file would be taken for a whole one")
    def half_downloaded(ask, name=_name):
        return of_half_a_file(ask, archive(name))
