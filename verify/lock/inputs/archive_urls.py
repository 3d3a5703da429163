"""What a VCS requirement can be replaced by: the forge's archive of the pinned commit.

A checkout has no hash that pip could require. The archive URLs below are those that each forge
links to on its own pages; of other hosts the shape is not known, and is not guessed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SCP = re.compile(r"(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+):(?!/)(.+)")
_PATH = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)+")

VCS_SCHEMES = ("git", "hg", "svn", "bzr")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkout:
    """A VCS requirement, taken apart.

    Attributes:
        host, path: of the repository, without `.git`; None where the URL has no such parts.
        revision: what is checked out; None for the default branch.
    """

    system: str
    host: str | None
    path: str | None
    revision: str | None = None
    subdirectory: str | None = None
    egg: str | None = None

    @property
    def commit(self) -> str | None:
        """The full hash of the commit, None for a branch, a tag or an abbreviation."""
        return self.revision if self.revision and _COMMIT.fullmatch(self.revision) else None


def parse_checkout(url: str, commit: str | None = None) -> Checkout:
    """Take apart `git+https://host/path@revision#subdirectory=x`, or a bare repository URL.

    Args:
        url: pip's form, or a repository's own URL, also in scp's form (`git@host:path`).
        commit: what a lock says was checked out, which wins over the URL's revision.
    """
    rest, _, fragment = url.partition("#")
    system, plus, bare = rest.partition("+")
    if not plus or system not in VCS_SCHEMES:
        system, bare = rest.partition(":")[0] if rest.startswith(VCS_SCHEMES) else "git", rest
        system = system if system in VCS_SCHEMES else "git"
    host, path = _host_and_path(bare)
    revision = None
    if path and "@" in path:
        path, _, revision = path.rpartition("@")
    named = parse_qs(fragment)
    return Checkout(
        system=system,
        host=host,
        path=path.removesuffix("/").removesuffix(".git") if path else None,
        revision=commit or revision or None,
        subdirectory=next(iter(named.get("subdirectory", ())), None),
        egg=next(iter(named.get("egg", ())), None),
    )


def _host_and_path(url: str) -> tuple[str | None, str | None]:
    if "://" not in url:
        found = _SCP.fullmatch(url)
        return (found[1].lower(), found[2].strip("/")) if found else (None, None)
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None, None
    return host, unquote(parts.path).strip("/") or None


def _github(path: str, commit: str) -> str:
    return f"https://github.com/{path}/archive/{commit}.tar.gz"


def _gitlab(path: str, commit: str) -> str:
    name = path.rpartition("/")[2]
    return f"https://gitlab.com/{path}/-/archive/{commit}/{name}-{commit}.tar.gz"


def _bitbucket(path: str, commit: str) -> str:
    return f"https://bitbucket.org/{path}/get/{commit}.tar.gz"


def _codeberg(path: str, commit: str) -> str:
    return f"https://codeberg.org/{path}/archive/{commit}.tar.gz"


def _sourcehut(path: str, commit: str) -> str:
    return f"https://git.sr.ht/{path}/archive/{commit}.tar.gz"


_FORGES: Mapping[str, Callable[[str, str], str]] = {
    "github.com": _github,
    "gitlab.com": _gitlab,
    "bitbucket.org": _bitbucket,
    "codeberg.org": _codeberg,
    "git.sr.ht": _sourcehut,
}


def archive_url(checkout: Checkout) -> str | None:
    """The archive of a checkout's commit; None where no commit is pinned or no shape is known."""
    forge = _FORGES.get(checkout.host or "")
    commit, path = checkout.commit, checkout.path
    if forge is None or commit is None or checkout.system != "git":
        return None
    if path is None or not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        return None
    fragment = f"#subdirectory={quote(checkout.subdirectory)}" if checkout.subdirectory else ""
    return forge(path, commit) + fragment


def replacement(checkout: Checkout, name: str | None) -> str:
    """One sentence: what to write instead of a VCS requirement."""
    name = name or checkout.egg or "NAME"
    url = archive_url(checkout)
    if url is not None:
        return f"write `{name} @ {url}`, an archive of that commit, which a hash can pin"
    if checkout.commit is None:
        return (
            f"pin {name} to the full hash of a commit first; an archive of that commit can then"
            " take its place"
        )
    return f"write `{name} @ URL` with the URL of an archive of commit {checkout.commit}"
