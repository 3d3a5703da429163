"""Rule `metadata.dependency-added`: METADATA has installers fetch a project more.

Finds: in the METADATA of a wheel whose rebuild has one, too,
- a requirement on a project that the rebuild does not require in any form, unless an `extra` must
  be asked for: one condition of the marker, all of which must hold, compares it with a name;
- a requirement by direct URL that the rebuild does not have.

Dangerous because: whoever installs the wheel installs and runs that project, and its code is in no
diff. Build tools write requirements in many ways, but they do not invent names. A `setup.py` that
looks at the running Python can (for wheels of another Python than the rebuild's); no such case came
up in the well-known wheels that this was tried on, and a rebuild on the right Python ends it.
Another version or marker for the same project stays `metadata.dependencies-differ`, and so do
requirements of an extra: nobody gets those without asking.
"""

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from verify.archive.facts import dangerous
from verify.distinfo.metadata import parse_headers
from verify.distinfo.requirement_form import marker_form, needed_extra
from verify.distinfo.requirements import Requirements, name_of, requirements
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.text import diff_lines

_MAX_LISTED = 40
_WIDTH = 200


def dependency_added(difference: Difference, context: Context) -> Finding | None:
    """Find requirements on projects that the rebuilt METADATA does not name."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not context.in_dist_info(difference, "METADATA"):
        return None
    published, rebuilt = _requirements(ours), _requirements(theirs)
    added = sorted({*_new(published, rebuilt), *_new_addresses(published, rebuilt)})
    if not added:
        return None
    return dangerous(
        "metadata.dependency-added",
        "The published METADATA requires projects that the rebuilt one does not.",
        member=difference.name,
        added=[text[:_WIDTH] for text in added[:_MAX_LISTED]],
        diff=diff_lines(ours, theirs),
    )


def _requirements(side: Side) -> Requirements:
    return requirements(parse_headers(side.data() or b""))


def _new(published: Requirements, rebuilt: Requirements) -> list[str]:
    known = rebuilt.names
    texts = frozenset(rebuilt.unparsed)
    parsed = (
        str(requirement)
        for requirement, text in zip(published.parsed, published.texts, strict=True)
        if canonicalize_name(requirement.name) not in known and not _needs_extra(requirement, text)
    )
    # What packaging cannot parse, an installer may.
    unparsed = (
        ascii(text)[1:-1]
        for text in published.unparsed
        if name_of(text) not in known and text not in texts
    )
    return [*parsed, *unparsed]


def _new_addresses(published: Requirements, rebuilt: Requirements) -> list[str]:
    known = {None, *(requirement.url for requirement in rebuilt.parsed)}
    return [str(requirement) for requirement in published.parsed if requirement.url not in known]


def _needs_extra(requirement: Requirement, text: str) -> bool:
    """Whether the marker can only hold for an extra; False if not sure of it.

    Read from the text: packaging writes strings with quotes in them as if they ended there.
    """
    marker = text.partition(";")[2]
    return requirement.url is None and needed_extra(marker_form(marker)) is not None
