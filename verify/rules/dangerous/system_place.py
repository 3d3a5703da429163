"""Rule `data.system-place`: a file where an operating system or an interpreter acts on it.

Finds: a member that is installed below the environment's prefix (scheme `data`, or one that no
specification names), that only the published wheel has or that differs, at a place of the closed
list below: programs, the standard library, the interpreter's own configuration, shell start-up and
completion, services, scheduled jobs, desktop entries, and `etc/` as a whole.

Dangerous because: what lies there is found by its place, without anybody importing or naming it. In
an installation into the system or into a home directory, the prefix is `/usr`, `/usr/local` or
`~/.local`.
"""

import re

from verify.archive.facts import dangerous
from verify.distinfo.targets import PREFIX, placed
from verify.finding import Finding
from verify.rules.evidence import content_facts
from verify.rules.interface import Context, Difference

_PLACES: dict[str, tuple[str, ...]] = {
    "interpreter configuration": (r"pyvenv\.cfg", r"(?:(?:s?bin|scripts)/)?[^/]*\._pth"),
    "standard library": (
        r"(?:local/)?lib(?:64)?/(?:python|pypy)[^/]*/(?!(?:site|dist)-packages/).+",
        r"lib/[^/]+\.pyw?",
        r"dlls/.+",
    ),
    "scheduled job": (r"etc/(?:cron[^/]*|anacrontab)(?:/.+)?", r"var/spool/(?:cron|at)/.+"),
    "service": (
        r"(?:(?:local/)?lib/|etc/|share/|\.config/)systemd/.+",
        r"etc/(?:init\.d|rc[^/]*|init)(?:/.+)?",
        r"library/launch(?:agents|daemons)/.+",
        r"share/dbus-1/.+",
        r"lib/udev/.+",
    ),
    "shell start-up or completion": (
        r"etc/(?:profile|bash|zsh|fish|csh|environment|skel)[^/]*(?:/.+)?",
        r"share/(?:bash-completion|zsh|fish)/.+",
        r"\.(?:bash|zsh|profile)[^/]*",
        r"\.config/fish/.+",
    ),
    "desktop entry": (
        r"share/(?:applications|autostart|xsessions|wayland-sessions|mime|thumbnailers)/.+",
        r"etc/xdg/.+",
        r"\.config/autostart/.+",
        r"(?:.+/)?startup/[^/]+\.(?:lnk|bat|cmd|vbs|exe|url)",
    ),
    "system configuration": (
        r"etc/.+",
        r"share/polkit-1/.+",
        r"lib/(?:modprobe|sysctl|tmpfiles)\.d/.+",
    ),
    "program": (r"(?:local/)?(?:s?bin|games)/.+", r"scripts/.+"),
}
"""What acts on places, and their paths below the prefix, folded; the first that matches counts."""

_COMPILED = tuple((what, re.compile("|".join(paths))) for what, paths in _PLACES.items())


def system_place(difference: Difference, _context: Context) -> Finding | None:
    """Find files that something other than the package acts on."""
    ours = difference.published
    place = None if ours is None or ours.member.is_dir else _place(difference.name)
    if ours is None or place is None:
        return None
    what, path = place
    return dangerous(
        "data.system-place",
        f"The published wheel installs a file at a place where something acts on it: {what}.",
        member=difference.name,
        difference=difference.kind.value,
        path=path[:400],
        mode=oct(ours.member.mode),
        **content_facts(ours),
    )


def _place(name: str) -> tuple[str, str] | None:
    for target in placed(name).targets:
        if target.startswith(PREFIX):
            path = target.removeprefix(PREFIX)
            found = (what for what, pattern in _COMPILED if pattern.fullmatch(path))
            what = next(found, None)
            return None if what is None else (what, path)
    return None
