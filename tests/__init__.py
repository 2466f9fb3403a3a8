"""The tests of the center, its SDK and its demo: real processes, real HTTP, a clock that moves."""

import pytest

# What these assert tells as much as a test's own assert, so they get pytest's explanations too.
pytest.register_assert_rewrite("tests.harness", "tests.servers")
