"""Evidence in a folder and behind a URL: named by content, whole, and without secrets."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from tests.support.remembering import make_judgement
from verify.errors import UsageFault
from verify.evidence import EvidenceFault, EvidenceStore, evidence_place, shown
from verify.results import Evidence, Judgement
from verify.verdict import Verdict

JUDGEMENT = make_judgement()
Read = Callable[[str], bytes]


@pytest.fixture(params=["folder", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Read]:
    """Where evidence is kept, and how it is read there."""
    if request.param == "folder":
        return str(tmp_path / "kept"), lambda path: (tmp_path / "kept" / path).read_bytes()
    where = f"memory://{tmp_path.name}/kept"
    system = fsspec.filesystem("memory")
    return where, lambda path: bytes(system.cat_file(f"/{tmp_path.name}/kept/{path}"))


def kept(where: str, tmp_path: Path, judgement: Judgement = JUDGEMENT) -> list[Evidence]:
    rebuilt = tmp_path / "thing-1.0-py3-none-any.whl"
    rebuilt.write_bytes(b"a rebuilt wheel")
    return EvidenceStore(where).keep(judgement, rebuilt, "building\n\ud800")


def test_evidence_is_found_by_its_content(place: tuple[str, Read], tmp_path: Path) -> None:
    where, read = place
    files = kept(where, tmp_path)
    assert [file.kind.value for file in files] == ["judgement", "rebuild", "log"]
    for file in files:
        data = read(file.path)
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (file.sha256, file.size)
        assert file.sha256 in file.path
    judgement, rebuild, log = (read(file.path) for file in files)
    assert json.loads(judgement)["verdict"] == "different"
    assert (rebuild, log) == (b"a rebuilt wheel", b"building\n\\ud800")


def test_what_is_there_already_is_told_and_not_written_again(tmp_path: Path) -> None:
    where = str(tmp_path / "kept")
    first = kept(where, tmp_path)
    before = [(tmp_path / "kept" / file.path).stat().st_ino for file in first]
    assert kept(where, tmp_path) == first
    assert [(tmp_path / "kept" / file.path).stat().st_ino for file in first] == before


def test_what_was_cut_off_is_written_again(tmp_path: Path) -> None:
    where = str(tmp_path / "kept")
    _, rebuild, _ = kept(where, tmp_path)
    (tmp_path / "kept" / rebuild.path).write_bytes(b"a re")
    kept(where, tmp_path)
    assert (tmp_path / "kept" / rebuild.path).read_bytes() == b"a rebuilt wheel"


def test_of_a_remembered_verdict_the_rebuild_is_told_if_it_is_there(tmp_path: Path) -> None:
    store = EvidenceStore(str(tmp_path / "kept"))
    assert [file.kind.value for file in store.keep(JUDGEMENT, None, None)] == ["judgement"]
    assert JUDGEMENT.diff is not None
    rebuilt = JUDGEMENT.diff.rebuilt
    path = tmp_path / "kept" / "rebuild" / rebuilt.sha256[:2] / f"{rebuilt.sha256}.whl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * rebuilt.size)
    assert [file.kind.value for file in store.keep(JUDGEMENT, None, None)] == [
        "judgement",
        "rebuild",
    ]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "rebuild").write_text("a file where a folder has to be", encoding="utf-8")
    with pytest.raises(EvidenceFault, match="cannot be kept in"):
        kept(str(folder), tmp_path)
    assert not list(folder.rglob(".draft-*"))


def test_an_undetermined_wheel_has_its_judgement(tmp_path: Path) -> None:
    judged = make_judgement(Verdict.UNDETERMINED)
    (file,) = EvidenceStore(str(tmp_path / "kept")).keep(judged, None, None)
    assert json.loads((tmp_path / "kept" / file.path).read_bytes())["reason"] == "build-failed"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("ftp://me:secret@example.org/kept?token=secret#secret", "ftp://example.org/kept"),
        ("s3://bucket/kept", "s3://bucket/kept"),
        ("/srv/kept", "/srv/kept"),
    ],
)
def test_no_secret_of_a_url_is_shown(where: str, said: str) -> None:
    assert shown(where) == said == EvidenceStore(where).shown


def test_a_place_that_nobody_knows_is_a_usage_error() -> None:
    with pytest.raises(UsageFault, match=r"knows no such place") as caught:
        EvidenceStore("nothing://me:secret@example.org/kept").keep(JUDGEMENT, None, None)
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"
    with pytest.raises(EvidenceFault, match="is not installed") as missing:
        EvidenceStore("dropbox://me:secret@example.org/kept").keep(JUDGEMENT, None, None)
    assert "secret" not in f"{missing.value.message} {missing.value.hint}"


def test_a_folder_is_meant_from_where_the_person_is() -> None:
    assert evidence_place("kept") == f"{Path.cwd()}{os.sep}kept"
    assert evidence_place("s3://bucket/kept") == "s3://bucket/kept"
