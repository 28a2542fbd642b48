"""What came out: reads and writes the records of runs. Knows no framework and nothing of the suite."""
