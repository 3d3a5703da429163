"""Which members of a wheel for Linux are shared objects, by their names."""

import re

_NAME = re.compile(r"(?:[^/]+/)*[^/]+\.so(?:\.[0-9][^/]*)?")


def is_shared_object(name: str) -> bool:
    """Whether a member's name is that of an extension module or a library, as `libx.so.1`."""
    return _NAME.fullmatch(name) is not None
