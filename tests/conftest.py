"""Which files hold the fixtures, and how Hypothesis runs; a fixture is found by its name."""

import sys

# Also where PYTHONDONTWRITEBYTECODE is set: else each process of each run rewrites the asserts of
# Hypothesis and of all test files, which takes it fifteen seconds.
sys.dont_write_bytecode = False

from hypothesis import HealthCheck, settings  # noqa: E402 because Hypothesis is rewritten as well

pytest_plugins = [
    "tests.support.selection",
    "tests.support.compiling",
    "tests.support.garbage",
    "tests.support.memory",
    "tests.support.postgres",
    "tests.support.pgbouncer",
    "tests.support.fixtures",
    "tests.support.attacks",
    "tests.support.unguarded",
]

# A busy machine fails no property: how long an example takes is not what these tests are about.
settings.register_profile("petmsg", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("petmsg")
