"""Rule `code.autostart`: a file that runs at interpreter start, without any import by its user.

Finds: a `.pth` file with an import line, and any `sitecustomize` or `usercustomize` module, that
only the published wheel has or that differs.

Dangerous because: `site` executes these in every Python process of the environment (the `site`
module's documentation; used by real attacks on the index). A `.pth` whose exact content the rebuild
has under another name (namespace packages put the Python version into the name) is left to the
unexplained rules.
"""

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_path_file

_HOOKS = frozenset({"sitecustomize", "usercustomize"})


def autostart(difference: Difference, context: Context) -> Finding | None:
    """Find start-up hooks that the rebuild does not have in this form."""
    published = difference.published
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
    )


def _is_hook(name: str, side: Side) -> bool:
    folded = name.casefold()
    if any(segment.partition(".")[0] in _HOOKS for segment in folded.split("/")):
        return True
    if not is_path_file(name):
        return False
    data = side.data()
    # Where a line starts depends on the Python version (str.splitlines): look anywhere.
    return data is None or b"import" in data


def _excerpt(side: Side) -> str:
    data = side.data() or b""
    return data[:400].decode("utf-8", "backslashreplace")
