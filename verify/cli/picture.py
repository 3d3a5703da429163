"""Pictures that a person asked for: written whole or not at all, never over something else."""

import os
from pathlib import Path

from reports.timeline_svg import MARK
from verify.drafts import new_file, require_place
from verify.errors import UsageFault


def prepare_picture(target: Path) -> None:
    """Make sure, before any work, that a picture can be written.

    Raises:
        UsageFault: it cannot, or something else than an earlier picture is there.
    """
    require_place(target)
    if os.path.lexists(target) and not _is_ours(target):
        raise UsageFault(
            f"{target} exists and is no picture that truewheel wrote",
            hint="choose another name, or remove it",
        )


def write_picture(text: str, target: Path) -> None:
    """Write a picture that `prepare_picture` made sure of.

    Raises:
        UsageFault: it cannot be written after all.
    """
    try:
        with new_file(target) as file:
            file.write(text.encode())
    except OSError as error:
        raise UsageFault(f"cannot write {target}: {error.strerror}") from error


def _is_ours(target: Path) -> bool:
    mark = MARK.encode()
    try:
        if target.is_symlink() or not target.is_file():
            return False
        with target.open("rb") as file:
            return file.read(len(mark)) == mark
    except OSError:
        return False
