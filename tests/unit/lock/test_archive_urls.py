"""What a checkout can be replaced by."""

import pytest

from verify.lock.inputs.archive_urls import archive_url, parse_checkout, replacement

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("url", "archive"),
    [
        (
            f"git+https://github.com/o/r.git@{COMMIT}#egg=thing",
            f"https://github.com/o/r/archive/{COMMIT}.tar.gz",
        ),
        (
            f"git+ssh://git@github.com/o/r@{COMMIT}#subdirectory=a/b",
            f"https://github.com/o/r/archive/{COMMIT}.tar.gz#subdirectory=a/b",
        ),
        (
            f"git+https://gitlab.com/g/sub/r@{COMMIT}",
            f"https://gitlab.com/g/sub/r/-/archive/{COMMIT}/r-{COMMIT}.tar.gz",
        ),
        (
            f"git+https://bitbucket.org/o/r.git@{COMMIT}",
            f"https://bitbucket.org/o/r/get/{COMMIT}.tar.gz",
        ),
        (
            f"git+https://codeberg.org/o/r@{COMMIT}",
            f"https://codeberg.org/o/r/archive/{COMMIT}.tar.gz",
        ),
        (
            f"git+https://git.sr.ht/~o/r@{COMMIT}",
            f"https://git.sr.ht/~o/r/archive/{COMMIT}.tar.gz",
        ),
        ("git+https://github.com/o/r@main", None),
        (f"git+https://github.com/o/r@{COMMIT[:7]}", None),
        ("git+https://github.com/o/r", None),
        (f"git+https://example.org/o/r@{COMMIT}", None),
        (f"hg+https://bitbucket.org/o/r@{COMMIT}", None),
        (f"git+https://github.com/../../x@{COMMIT}", None),
        (f"git+https://github.com/o/r%3Fa%23@{COMMIT}", None),
        (f"git+https://github.com.example.org/o/r@{COMMIT}", None),
        (f"git+https://[::1/o/r@{COMMIT}", None),
    ],
)
def test_the_archive_of_a_pinned_commit_at_a_known_forge(url: str, archive: str | None) -> None:
    assert archive_url(parse_checkout(url)) == archive


def test_a_lock_tells_the_commit_beside_the_repository() -> None:
    checkout = parse_checkout("git@github.com:o/r.git", COMMIT)
    assert archive_url(checkout) == f"https://github.com/o/r/archive/{COMMIT}.tar.gz"


def test_the_proposal_says_what_to_write() -> None:
    url = f"git+https://github.com/o/r@{COMMIT}#egg=thing"
    archive = f"https://github.com/o/r/archive/{COMMIT}.tar.gz"
    assert replacement(parse_checkout(url), None).startswith(f"write `thing @ {archive}`")
    elsewhere = parse_checkout(f"git+https://example.org/o/r@{COMMIT}")
    assert f"an archive of commit {COMMIT}" in replacement(elsewhere, "thing")


def test_a_branch_must_be_pinned_first() -> None:
    said = replacement(parse_checkout("git+https://github.com/o/r@main"), "thing")
    assert said.startswith("pin thing to the full hash of a commit first")
