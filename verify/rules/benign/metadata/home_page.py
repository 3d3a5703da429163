"""Rule `metadata.home-page`: a home page is told by another field, or by two.

Explains: both files tell the same URL of a home page, once, as `Home-page`, as `Project-URL:
Homepage` or as both; all other project URLs are the same in the same order.

Harmless because: the two fields mean the same, and no installer acts on either. Versions of
setuptools around 61 wrote both, versions of other tools moved from the first to the second.
"""

from verify.distinfo.plain_metadata import PlainMetadata
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_LABEL = "Homepage, "


def home_page(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain the same home page in another field."""
    if difference.field not in {"home-page", "project-url"}:
        return None
    ours, theirs = map(_urls, difference.files)
    if ours is None or ours != theirs:
        return None
    return explained(
        difference, "metadata.home-page", "The same home page is told by another field, or by two."
    )


def _urls(file: PlainMetadata) -> tuple[str, list[str]] | None:
    """The home page and the other project URLs; None without exactly one home page."""
    projects = file.values("project-url")
    labelled = [url.removeprefix(_LABEL) for url in projects if url.startswith(_LABEL)]
    pages = {*file.values("home-page"), *labelled}
    if len(pages) != 1 or len(labelled) > 1:
        return None
    return pages.pop(), [url for url in projects if not url.startswith(_LABEL)]
