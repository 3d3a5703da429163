"""What holds for all tests: they are repeatable. `make fuzz` is what looks for new examples."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
