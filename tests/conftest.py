"""Which files hold the fixtures. Nothing else lives here, so that each is found by its name."""

pytest_plugins = ["tests.postgres", "tests.fixtures", "tests.attacks", "tests.services.unguarded"]
