"""Conformance: every invariant on every case of the plan, for every subject. One check is one test."""

from suite.settling import settle


def test_invariant(check, request):
    settle(check, request)
