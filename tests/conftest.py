"""Which files hold the fixtures. Nothing else lives here, so that each is found by its name."""

pytest_plugins = [
    "tests.support.selection",
    "tests.support.postgres",
    "tests.support.fixtures",
    "tests.support.attacks",
    "tests.support.unguarded",
]
