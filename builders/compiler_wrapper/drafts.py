"""What several processes of a build may make at the same time, and each needs whole."""

import os


def moved(draft, folder):
    # type: (str, str) -> None
    """Put a directory where it belongs, unless another link has made it meanwhile."""
    try:
        os.rename(draft, folder)
    except OSError:
        if not os.path.isdir(folder):
            raise
