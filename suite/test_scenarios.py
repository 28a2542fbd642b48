"""The documented scenarios: every claim for every subject. `-k NAME` runs one scenario."""

from suite.settling import settle


def test_claim(check, request):
    settle(check, request)
