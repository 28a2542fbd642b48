"""The documented scenarios: every claim for every subject. `-k NAME` runs one scenario."""

from suite.plugin import settle


def test_claim(check, request):
    settle(check, request)
