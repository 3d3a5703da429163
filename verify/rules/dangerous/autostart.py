"""Rule `code.autostart`: a file that runs at interpreter start, without any import by its user.

Finds, where only the published wheel has it or it differs:
- a `.pth` file with an import line;
- a `.start` file in the root of the library directory (PEP 829, CPython 3.15);
- any `sitecustomize` or `usercustomize` module;
- a module in the root of a name that the start-up hooks of common tools import.

Dangerous because: `site` executes these in every Python process of the environment (the `site`
module's documentation; used by real attacks on the index). A `.pth` whose exact content the rebuild
has under another name (namespace packages put the Python version into the name) is left to the
unexplained rules.
"""

from verify.archive.facts import dangerous
from verify.distinfo.targets import LIBRARY, PREFIX, placed
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_path_file
from verify.rules.text import diff_lines

_HOOKS = frozenset({"sitecustomize", "usercustomize"})

_IMPORTED_BY_HOOKS = frozenset({"_distutils_hack", "_virtualenv"})
"""What `distutils-precedence.pth` and `_virtualenv.pth` import."""


def autostart(difference: Difference, context: Context) -> Finding | None:
    """Find start-up hooks that the rebuild does not have in this form."""
    published, rebuilt = difference.published, difference.rebuilt
    if published is None or not _is_hook(difference.name, published):
        return None
    if is_path_file(difference.name) and published.content in context.path_files:
        return None
    return dangerous(
        "code.autostart",
        "The published wheel holds a start-up hook that the rebuild does not have.",
        member=difference.name,
        difference=difference.kind.value,
        sha256=published.content.sha256,
        text=_excerpt(published),
        diff=diff_lines(published, rebuilt) if rebuilt else None,
    )


def _is_hook(name: str, side: Side) -> bool:
    if any(segment.partition(".")[0] in _HOOKS for segment in name.casefold().split("/")):
        return True
    if _is_start_file(name) or _is_imported_by_hook(name):
        return not side.member.is_dir
    if not is_path_file(name):
        return False
    data = side.data()
    # Where a line starts depends on the Python version (str.splitlines): look anywhere.
    return data is None or b"import" in data


def _is_start_file(name: str) -> bool:
    """Whether `site` may read it: it looks into the directory itself, wherever the prefix is."""
    if not name.casefold().endswith(".start"):
        return False
    targets = placed(name).targets
    return any(
        target.startswith(PREFIX) or "/" not in target.removeprefix(LIBRARY) for target in targets
    )


def _is_imported_by_hook(name: str) -> bool:
    paths = (t.removeprefix(LIBRARY) for t in placed(name).targets if t.startswith(LIBRARY))
    return any(path.partition("/")[0].partition(".")[0] in _IMPORTED_BY_HOOKS for path in paths)


def _excerpt(side: Side) -> str:
    data = side.data() or b""
    return data[:400].decode("utf-8", "backslashreplace")
