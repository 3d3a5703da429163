"""`--since`: an older copy of a lock, from a real git repository or a file."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from verify.errors import UsageFault
from verify.lock.inputs.interface import InputFault, Lock
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.reading import read_file
from verify.lock.revision import written_at
from verify.lock.since import older_lock

COMMITTED = datetime(2024, 5, 1, 12, tzinfo=UTC)


def git(folder: Path, *arguments: str) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    stamps = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), COMMITTED.isoformat())
    names = {
        f"GIT_{who}_{what}": "x@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environment = {**kept, **stamps, **names, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, timeout=60)  # noqa: S607 - git is on the path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    below = tmp_path / "below"
    below.mkdir()
    (below / "requirements.txt").write_text("-r ../more.txt\nold==1\n")
    (tmp_path / "more.txt").write_text("more==1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    return tmp_path


def older(path: Path, since: str) -> list[str]:
    lock: Lock = read_lock(path, read_file, {})
    return [str(package) for package in older_lock(path, lock, since, {}).packages]


def test_a_revision_has_the_lock_and_what_it_includes(repository: Path) -> None:
    path = repository / "below" / "requirements.txt"
    (repository / "more.txt").write_text("more==2\n")
    path.write_text("-r ../more.txt\nnew==2\n")
    assert older(path, "HEAD") == ["more==1", "old==1"]


def test_only_what_is_written_as_a_path_wins_over_a_revision(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    (repository / "main").write_text("copy==3\n")
    assert older(repository / "more.txt", "./main") == ["copy==3"]
    assert older(repository / "more.txt", "main") == ["more==1"]


def test_a_lock_that_a_revision_does_not_have_was_empty(repository: Path) -> None:
    path = repository / "new.txt"
    path.write_text("new==1\n")
    assert older(path, "HEAD") == []


def test_before_the_first_commit_everything_is_new(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)  # noqa: S607 - git's
    path = tmp_path / "requirements.txt"
    path.write_text("thing==1.0\n", encoding="utf-8")
    lock = read_lock(path, read_file, {})
    assert older_lock(path, lock, "HEAD", {}).packages == ()
    with pytest.raises(UsageFault, match="neither a file nor a revision"):
        older_lock(path, lock, "main", {})


def test_an_included_file_that_a_revision_does_not_have_is_an_error(repository: Path) -> None:
    (repository / "more.txt").write_text("-r gone.txt\n")
    git(repository, "commit", "-q", "-a", "-m", "two")
    (repository / "more.txt").write_text("")
    with pytest.raises(InputFault, match=r"more\.txt:1:1: names a file: .*no such file in that"):
        older(repository / "more.txt", "HEAD")


def test_a_link_in_a_revision_is_not_followed(repository: Path) -> None:
    (repository / "link.txt").symlink_to("/etc/hostname")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "two")
    (repository / "link.txt").unlink()
    (repository / "link.txt").write_text("")
    with pytest.raises(InputFault, match="not a regular file in that revision"):
        older(repository / "link.txt", "HEAD")


@pytest.mark.parametrize("revision", ["no-such", "--output=x", "HEAD:more.txt", "", "a\nb"])
def test_what_is_no_revision_is_told(repository: Path, revision: str) -> None:
    with pytest.raises(UsageFault, match="neither a file nor a revision"):
        older(repository / "more.txt", revision)


def test_without_a_repository_a_revision_is_told_as_unknown(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("")
    with pytest.raises(UsageFault, match="not a git repository"):
        older(tmp_path / "r.txt", "HEAD")


def test_a_lock_is_as_old_as_its_commit_or_else_as_its_file(repository: Path) -> None:
    path = repository / "more.txt"
    assert written_at(path) == COMMITTED
    path.write_text("more==2\n")
    os.utime(path, (0, 86400))
    assert written_at(path) == datetime(1970, 1, 2, tzinfo=UTC)
    assert written_at(repository / "gone.txt") is None
