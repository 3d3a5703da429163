"""Rule `code.import-path`: a file that decides from where modules are imported.

Finds: where only the published wheel has it or it differs,
- a `.pth` file with a line that leads out of its directory (an absolute path, a drive, `..`);
- a `.pth` file of a name under which an installer or a build tool keeps its own;
- an `.egg-link` file, which makes a directory elsewhere an installed project.

Dangerous because: code from a directory that others can write, or that no wheel brought, becomes
importable in every process, and the diff shows no code at all. A `.pth` file whose exact content
the rebuild has under another name is left to the unexplained rules, as is one that names a
directory below its own.
"""

import re

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.evidence import content_facts
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_path_file

_LEADS_OUT = re.compile(
    rb"(?:^(?:\xef\xbb\xbf)?|[\r\n\f\v\x1c-\x1e]|\xc2\x85|\xe2\x80[\xa8\xa9])[ \t]*"
    rb"(?:[/\\~]|[A-Za-z]:|(?:[^#\r\n]*[/\\])?\.\.)"
)
"""At whatever some version of Python takes for the start of a line."""

_KEPT_BY_TOOLS = re.compile(
    r"easy-install\.pth|distutils-precedence\.pth|__editable__.*\.pth|_virtualenv\.pth"
)


def import_path(difference: Difference, context: Context) -> Finding | None:
    """Find files that add to the path of imports from elsewhere."""
    ours = difference.published
    if ours is None or not _leads_elsewhere(difference.name, ours):
        return None
    if ours.content in context.path_files:
        return None
    return dangerous(
        "code.import-path",
        "The published wheel has modules imported from a place that the rebuild does not name.",
        member=difference.name,
        difference=difference.kind.value,
        **content_facts(ours),
    )


def _leads_elsewhere(name: str, side: Side) -> bool:
    file = name.casefold().rpartition("/")[2]
    if file.endswith(".egg-link"):
        return True
    if not is_path_file(name):
        return False
    data = side.data()
    is_kept = _KEPT_BY_TOOLS.fullmatch(file) is not None
    return is_kept or data is None or _LEADS_OUT.search(data) is not None
