"""What all tests rely on, however slow the machine is and whatever started them."""

import signal

from hypothesis import HealthCheck, settings

# A slow machine is no fault of what is tested: no example of Hypothesis has to end in time.
settings.register_profile(
    "whatever-the-time",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("whatever-the-time")


def _survive(_number: int, _frame: object) -> None:
    """What was to be ignored is ignored; but commands that tests start do not inherit that."""


# Under nohup, or in the background of a shell, these are ignored, by every program started, too.
for each in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(each) is signal.SIG_IGN:
        signal.signal(each, _survive)
