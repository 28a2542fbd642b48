"""Families: cells, edges, purity, precision, initial weights, losses and the like. `-k NAME` runs one statement."""

from suite.settling import settle


def test_family(check, request):
    settle(check, request)
