"""bAbI text: what is generated is parsed again, what is cut off or mangled is an error."""

import re

import numpy as np
import pytest

from cases.babi import BadStories, generate, generate_two, parse_stories, tokenize, vectorize, vocabulary

TEXT = (
    "1 Mary moved to the bathroom.\n2 John went to the hallway.\n3 Where is Mary?\tbathroom\t1\n"
    "4 Mary went to the garden.\n5 Where is Mary?\tgarden\t4\n"
    "1 Sandra moved to the office.\n2 Where is Sandra?\toffice\t1\n"
)


def test_a_sentence_is_its_words_and_marks():
    assert tokenize("John went to the hallway.") == ("John", "went", "to", "the", "hallway", ".")


def test_a_question_has_the_story_before_it_or_its_supporting_sentences():
    every, supporting = parse_stories(TEXT), parse_stories(TEXT, only_supporting=True)
    assert [len(q.story) for q in every] == [12, 18, 6] and [len(q.story) for q in supporting] == [6, 6, 6]
    assert every[1].query == ("Where", "is", "Mary", "?") and [q.answer for q in every] == [
        "bathroom",
        "garden",
        "office",
    ]
    assert supporting[1].story == ("Mary", "went", "to", "the", "garden", ".")


def test_what_is_generated_is_answered_by_the_last_move_of_the_person():
    questions = parse_stories(generate(50, np.random.default_rng(0)), expected=50)
    for q in questions:
        moves = re.findall(r"(\w+) \w+(?: back)? to the (\w+) \.", " ".join(q.story))
        assert dict(moves)[q.query[2]] == q.answer


def test_of_two_facts_the_answer_is_where_the_last_holder_went():
    questions = parse_stories(generate_two(200, np.random.default_rng(0)), expected=200)
    supporting = parse_stories(generate_two(200, np.random.default_rng(0)), only_supporting=True)
    for q, facts in zip(questions, supporting, strict=True):
        at, holder, place = {}, None, None
        for sentence in " ".join(q.story).split(" ."):
            words = sentence.split()
            if "to" in words:
                at[words[0]] = words[-1]
            elif q.query[3] in words and set(words) & {"took", "got", "grabbed", "picked"}:
                holder = words[0]
            elif q.query[3] in words:
                holder, place = None, at[words[0]]
        assert (at[holder] if holder else place) == q.answer
        assert q.query[3] in facts.story and q.answer in facts.story and facts.story.count(".") == 2


def test_ids_pad_in_front_and_answers_are_one_hot():
    questions = parse_stories(TEXT)
    ids = vocabulary(questions)
    stories, queries, answers = vectorize(questions, ids, 20, 4)
    assert stories.shape == (3, 20) and not stories[0, :8].any() and stories[0, 8:].all() and 0 not in ids.values()
    assert queries.all() and answers.sum() == 3 and answers[2, ids["office"]] == 1


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "no line"),
        (TEXT[:40], "has no end"),
        (TEXT.replace("2 John went to the hallway.\n", ""), "has the number 3: expected 2 or 1"),
        (TEXT.replace("\tbathroom\t1", "\tbathroom"), "line 3: expected question, answer"),
        (TEXT.replace("\tbathroom\t1", "\tbathroom\t9"), "line 3: expected question, answer"),
        ("<html>not found</html>\n", "expected a number and a sentence"),
        (TEXT[: TEXT.index("4 Mary")], "1 questions in the text: expected 3"),
    ],
)
def test_a_text_that_is_cut_off_or_mangled_is_a_clear_error(text, words):
    with pytest.raises(BadStories, match=words):
        parse_stories(text, expected=3)


def test_a_word_without_an_id_and_a_story_too_long_are_errors():
    questions = parse_stories(TEXT)
    ids = vocabulary(questions[:1])
    with pytest.raises(BadStories, match="question 1: the vocabulary has no 'garden'"):
        vectorize(questions, ids, 20, 4)
    with pytest.raises(ValueError, match="18 tokens do not fit into 15"):
        vectorize(questions, vocabulary(questions), 15, 4)
