"""Search: `--explore N` draws N random cases a subject, checks every invariant that applies, and shrinks what fails."""

from suite.settling import search


def test_exploration(check, request):
    search(check, request)
