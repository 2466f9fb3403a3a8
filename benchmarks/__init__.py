"""What the center costs, measured against a good peer doing the same work in the same run.

`make bench` runs it; docs/benchmarks.md says what is measured, how, and why so.
"""
