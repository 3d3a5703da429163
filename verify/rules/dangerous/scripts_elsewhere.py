"""Rule `scripts.elsewhere`: a program that is not where programs are.

Finds: a member outside of `NAME.data/scripts/` that only the published wheel has, or that is no
program in the rebuild, and that is one of:
- a shell, PowerShell, batch or Windows script by its suffix, or by its first line whatever its
  mode;
- anything that starts with `#!` and may be executed by its mode, except Python source.

Dangerous because: honest code runs its own modules, not scripts beside them; a script is how a
changed line becomes a program in another language, which no Python tool looks at. Python source
with `#!` and an executable mode is what many honest packages have: that is left to the rules about
code.
"""

import re

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.evidence import content_facts
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_executable, is_script, is_source

_SUFFIXES = (
    *(".sh", ".bash", ".zsh", ".fish", ".ksh", ".csh", ".command"),
    *(".ps1", ".psm1", ".bat", ".cmd", ".scr", ".lnk", ".hta"),
    *(".vbs", ".vbe", ".jse", ".wsf", ".wsh", ".applescript", ".scpt"),
)

_SHELL = re.compile(
    rb"#![ \t]*/[^\r\n]{0,100}\b(?:sh|bash|dash|zsh|ksh|csh|tcsh|fish|pwsh|powershell)\b"
)


def scripts_elsewhere(difference: Difference, _context: Context) -> Finding | None:
    """Find programs in odd places."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or not _is_program(difference.name, ours):
        return None
    if theirs is not None and _is_program(difference.name, theirs):
        return None
    return dangerous(
        "scripts.elsewhere",
        "The published wheel holds a program, outside of its scripts, that the rebuild does not.",
        member=difference.name,
        mode=oct(ours.member.mode),
        **content_facts(ours),
    )


def _is_program(name: str, side: Side) -> bool:
    if side.member.is_dir or is_script(name) or is_source(name):
        return False
    head = side.head()
    if name.casefold().endswith(_SUFFIXES) or _SHELL.match(head):
        return True
    return head.startswith(b"#!") and is_executable(side)
