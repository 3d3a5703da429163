"""Attacks on locks of sources by whoever makes an archive, or a lock that is taken as an input."""

import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.locking import HERE, ON_LINUX, SDIST, listed
from verify.lock.inputs.interface import InputFault
from verify.lock.inputs.reading import read_file
from verify.lock.making.archives import Archive, AskedArchive
from verify.lock.making.resolution import ConflictError, Resolver, StandIns
from verify.lock.making.source_metadata import BadSourceError, Requires, source_metadata
from verify.lock.making.stand_ins import StandIn
from verify.lock.making.wanted import Selection, Wanted, gather

THING = canonicalize_name("thing")
URL = f"https://forge.example.org/{SDIST}"


def locked_by_url(folder: Path, url: str) -> Wanted:
    """What a lock of uv asks for that names one archive or wheel by its URL."""
    path = folder / "uv.lock"
    path.write_text(
        'version = 1\nrequires-python = ">=3.11"\n'
        f'[[package]]\nname = "thing"\nversion = "1.0"\nsource = {{ url = "{url}" }}\n'
        f'sdist = {{ hash = "sha256:{"a" * 64}" }}\n',
        encoding="utf-8",
    )
    return gather([path], Selection(), read_file, {})


@pytest.mark.parametrize("filename", [SDIST, "thing-1.0-py3-none-any.whl"])
@pytest.mark.parametrize(
    "words",
    [f"x --hash=sha256:{'b' * 64} /", "x ; y/", "x\\\\/", "$HOME/", "x\u00a0--hash=y/", "'x/"],
)
def test_no_url_of_a_lock_begins_an_option_or_a_line_of_the_next_lock(
    tmp_path: Path, filename: str, words: str
) -> None:
    """pip would take the hash, of whatever is at the first word, beside the one that is locked."""
    with pytest.raises(InputFault, match="has characters that no URL has"):
        locked_by_url(tmp_path, f"https://forge.example.org/{words}{filename}")


def test_a_plain_url_of_a_lock_is_asked_for(tmp_path: Path) -> None:
    (asked,) = locked_by_url(tmp_path, URL).archives
    assert asked.url == URL


def resolved(folder: Path, requirement: str) -> object:
    """What uv makes of an archive that asks for something."""
    archive = Archive(asked=AskedArchive(name=THING, url=URL, where=HERE), file=listed(SDIST))
    requires = Requires(requirements=(Requirement(requirement),))
    stand_in = StandIn(name=THING, version=Version("1.0"), requires=requires)
    resolver = Resolver(arguments=(), environment={}, cache=folder / "cache", offline=True)
    return resolver.resolve(
        Wanted(requirements=(), hashes={}),
        [ON_LINUX],
        universal=False,
        stand_ins=StandIns(archives=((archive, stand_in),)),
    )


def static_source(folder: Path) -> Path:
    """A source that uv need not build."""
    source = folder / "evil-1.0"
    source.mkdir()
    text = '[project]\nname = "evil"\nversion = "1.0"\ndependencies = []\n'
    (source / "pyproject.toml").write_text(text, encoding="utf-8")
    return source


def test_what_the_metadata_of_an_archive_names_by_a_url_is_not_locked_as_a_source(
    tmp_path: Path,
) -> None:
    source = static_source(tmp_path)
    packed = tmp_path / "evil-1.0.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(source, "evil-1.0")
    for named in (source, packed):
        with pytest.raises(ConflictError, match=r"^thing asks for evil @ .* which is no wheel"):
            resolved(tmp_path, f"evil @ {named.as_uri()}")


def test_nobodys_git_runs_for_the_metadata_of_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, ran = tmp_path / "bin", tmp_path / "ran"
    programs.mkdir()
    for name in ("git", "ssh"):
        (programs / name).write_text(f"#!/bin/sh\necho > {ran}\nexit 1\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    url = f"git+{static_source(tmp_path).as_uri()}"
    with pytest.raises(ConflictError, match="Git executable not found"):
        resolved(tmp_path, f"evil @ {url}")
    assert not ran.exists()


def test_a_file_of_metadata_is_not_read_beyond_what_may_be_in_it(tmp_path: Path) -> None:
    path, size = tmp_path / SDIST, 200 * 1024**2
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        info = tarfile.TarInfo("thing-1.0/PKG-INFO")
        info.size = size
        tar.addfile(info, io.BytesIO(bytes(size)))
    tracemalloc.start()
    with pytest.raises(BadSourceError, match="too large"):
        source_metadata(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 1024**2
