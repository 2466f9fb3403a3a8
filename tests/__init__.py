"""The tests of the center, its SDK and its demo: real processes, real HTTP, a clock that moves."""
