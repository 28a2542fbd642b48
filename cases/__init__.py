"""What must hold of a recurrent layer: descriptions, the float64 reference, invariants, the plan.

Knows numpy and its kin; no framework and no pytest.
"""
