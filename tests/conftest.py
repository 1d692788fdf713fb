"""Which files hold the fixtures, and how Hypothesis runs; a fixture is found by its name."""

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.support.selection",
    "tests.support.postgres",
    "tests.support.fixtures",
    "tests.support.attacks",
    "tests.support.unguarded",
]

# A busy machine fails no property: how long an example takes is not what these tests are about.
settings.register_profile("petmsg", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("petmsg")
