"""A slow machine is no fault of what is tested: no example of Hypothesis has to end in time."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "whatever-the-time",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("whatever-the-time")
