"""Which sdists get into a lock, and what is said of them."""

import io
import tarfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.locking import (
    LINUX,
    ON_LINUX,
    ON_WINDOWS,
    PURE,
    SDIST,
    Judge,
    Shelf,
    closed,
    digest,
    listed,
    locked,
    pinned,
    shelf,
)
from verify.lock.inputs.hashes import made_hash
from verify.lock.inputs.interface import InputFault, Location, WrittenHash
from verify.lock.making.archives import Archive, AskedArchive, fetched_archives
from verify.lock.making.closing import LockEntry
from verify.lock.making.lock import MadeLock
from verify.lock.making.pylock_text import pylock_text
from verify.lock.making.requirements_text import requirements_text
from verify.lock.making.sdists import SdistChoice
from verify.lock.making.source_metadata import source_metadata
from verify.policy.defaults import SdistRule
from verify.policy.model import DEFAULT_POLICY, Layer, Policy
from verify.verdict import Verdict

THING = canonicalize_name("thing")
ASKED = SdistChoice(policy=DEFAULT_POLICY, names=frozenset({THING}))
HERE = Location(path="requirements.in", line=1)
STATIC = "Metadata-Version: 2.2\nName: thing\nVersion: 1.0\n"


def ruled(rule: SdistRule) -> SdistChoice:
    return SdistChoice(policy=Policy(base=Layer(where="policy", settings={"sdists": rule})))


def packed(folder: Path, files: Mapping[str, str], name: str = SDIST) -> Path:
    path = folder / name
    with tarfile.open(path, "w:gz") as archive:
        for member, text in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def source_of(entry: LockEntry) -> tuple[str, bool] | None:
    sdist = entry.sdist
    return (sdist.file.filename, sdist.check is not None) if sdist else None


def test_no_sdist_is_locked_unasked() -> None:
    assert source_of(closed(shelf(PURE), Judge(), ON_LINUX)) is None


@pytest.mark.parametrize(
    "choice",
    [
        ASKED,
        SdistChoice(policy=DEFAULT_POLICY, everything=True),
        ruled(SdistRule.VERIFIED),
        ruled(SdistRule.ANY),
    ],
)
def test_what_a_trusted_wheel_was_rebuilt_from_is_locked_and_judged_no_further(
    choice: SdistChoice,
) -> None:
    judge = Judge()
    entry = closed(shelf(PURE, LINUX), judge, ON_LINUX, choice=choice)
    assert (locked(entry), source_of(entry), entry.gaps) == ([LINUX], (SDIST, True), ())
    assert judge.asked == [LINUX]
    assert entry.hashes == tuple(sorted([digest(LINUX), digest(SDIST)]))


def test_a_target_without_a_wheel_gets_the_source_of_a_verified_one() -> None:
    entry = closed(shelf(LINUX), Judge(), ON_LINUX, ON_WINDOWS, choice=ASKED)
    assert entry.gaps == ()
    assert entry.sdist is not None
    assert entry.sdist.targets == (ON_WINDOWS,)


def test_a_wheel_of_no_target_is_judged_to_find_out_about_the_source() -> None:
    judge = Judge()
    entry = closed(shelf(LINUX), judge, ON_WINDOWS, choice=ASKED)
    assert (locked(entry), source_of(entry), judge.asked) == ([], (SDIST, True), [LINUX])


def test_no_more_than_three_wheels_are_judged_to_find_out() -> None:
    names = [f"thing-1.0-cp3{minor}-cp3{minor}-manylinux_2_17_x86_64.whl" for minor in range(7, 13)]
    judge = Judge(dict.fromkeys(names, Verdict.UNDETERMINED))
    entry = closed(shelf(*names), judge, ON_WINDOWS, choice=ASKED)
    assert (len(judge.asked), source_of(entry)) == (3, None)
    unknown = f"{SDIST} is not verified: no trusted wheel was rebuilt from it"
    assert [gap.why for gap in entry.gaps] == [f"no wheel of thing==1.0 fits; {unknown}"]


@pytest.mark.parametrize("basis", ["waiver", "native-review-surface"])
def test_a_wheel_that_is_let_in_though_it_differs_verifies_no_source(basis: str) -> None:
    entry = closed(shelf(PURE), Judge(basis=basis), ON_LINUX, choice=ASKED)
    assert (locked(entry), source_of(entry), entry.gaps) == ([PURE], None, ())
    assert entry.no_sdist == f"{SDIST} is not verified: no trusted wheel was rebuilt from it"


@pytest.mark.parametrize("verdict", [Verdict.DIFFERENT, Verdict.SUSPICIOUS])
def test_a_source_that_a_wheel_contradicts_is_let_in_by_no_policy(verdict: Verdict) -> None:
    judge = Judge({PURE: verdict})
    entry = closed(shelf(PURE), judge, ON_LINUX, choice=ruled(SdistRule.ANY))
    assert (source_of(entry), len(entry.gaps)) == (None, 1)


def test_of_what_nothing_could_be_compared_a_policy_lets_the_source_in(tmp_path: Path) -> None:
    judge = Judge({LINUX: Verdict.UNDETERMINED})
    files = {"thing-1.0/PKG-INFO": f"{STATIC}Requires-Dist: other>=1\n"}
    index = Shelf([listed(LINUX), listed(SDIST)], contents={SDIST: packed(tmp_path, files)})
    entry = closed(index, judge, ON_LINUX, choice=ruled(SdistRule.VERIFIED))
    assert (source_of(entry), len(entry.gaps)) == (None, 1)
    entry = closed(index, judge, ON_LINUX, choice=ruled(SdistRule.ANY))
    assert (source_of(entry), entry.gaps) == ((SDIST, False), ())
    assert entry.sdist is not None
    assert entry.sdist.requires == (Requirement("other>=1"),)


def test_what_a_policy_says_against_a_source_keeps_it_out() -> None:
    entry = closed(shelf(PURE), Judge(), ON_LINUX, choice=ASKED, refused=("not from there",))
    assert (source_of(entry), entry.no_sdist) == (None, f"{SDIST}: not from there")


def test_hashes_of_the_input_leave_the_source_out_or_in() -> None:
    only = [f"sha256:{digest(PURE)}"]
    entry = closed(shelf(PURE), Judge(), ON_LINUX, choice=ASKED, hashes=only)
    assert source_of(entry) is None
    both = [*only, f"sha256:{digest(SDIST)}"]
    entry = closed(shelf(PURE), Judge(), ON_LINUX, choice=ASKED, hashes=both)
    assert source_of(entry) == (SDIST, True)


def test_both_kinds_of_lock_have_the_hash_and_say_what_it_is_worth() -> None:
    entry = closed(shelf(LINUX), Judge(), ON_LINUX, ON_WINDOWS, choice=ASKED)
    lock = MadeLock(targets=(ON_LINUX, ON_WINDOWS), entries=(entry,))
    said = f"source of a verified wheel: {SDIST}, which {LINUX} was rebuilt from (identical)"
    for text in (requirements_text(lock), pylock_text(lock)):
        assert f"# {said}\n" in text
        assert "installing one runs what is in it" in text
    (package,) = tomllib.loads(pylock_text(lock))["packages"]
    assert package["sdist"]["hashes"] == {"sha256": digest(SDIST)}
    assert [wheel["name"] for wheel in package["wheels"]] == [LINUX]


def archive(folder: Path, *, part: str | None = None, hashes: tuple[str, ...] = ()) -> Archive:
    place = "thing-1.0/" if part is None else f"repository/{part}/"
    path = folder / digest("archive") / SDIST
    path.parent.mkdir(exist_ok=True)
    packed(path.parent, {f"{place}PKG-INFO": STATIC})
    written = (WrittenHash(value=made_hash("sha256", each, HERE), where=HERE) for each in hashes)
    asked = AskedArchive(
        name=THING,
        url=f"https://forge.example.org/{SDIST}",
        subdirectory=part,
        hashes=tuple(written),
        where=HERE,
    )
    (found,) = fetched_archives([asked], Shelf([], contents={SDIST: path}))
    return found


def closed_archive(found: Archive, judge: Judge, choice: SdistChoice | None = None) -> LockEntry:
    pin = pinned(version=None, url=found.url)
    index = Shelf([listed(PURE), listed(SDIST)])
    return closed(index, judge, ON_LINUX, ON_WINDOWS, pin=pin, archive=found, choice=choice)


def test_an_archive_is_verified_by_the_wheel_of_its_release(tmp_path: Path) -> None:
    found, judge = archive(tmp_path), Judge()
    assert (found.name, found.file.version) == ("thing", Version("1.0"))
    entry = closed_archive(found, judge)
    assert (source_of(entry), entry.gaps, judge.asked) == ((SDIST, True), (), [PURE])
    lock = MadeLock(targets=(ON_LINUX, ON_WINDOWS), entries=(entry,))
    line = f"thing @ https://forge.example.org/{SDIST} \\"
    assert line in requirements_text(lock).splitlines()
    (package,) = tomllib.loads(pylock_text(lock))["packages"]
    assert package["archive"]["hashes"] == {"sha256": digest("archive")}


def test_an_archive_that_no_wheel_is_built_from_is_a_gap_unless_a_policy_lets_any_in(
    tmp_path: Path,
) -> None:
    found, judge = archive(tmp_path), Judge({PURE: Verdict.DIFFERENT})
    entry = closed_archive(found, judge)
    assert (source_of(entry), len(entry.gaps)) == (None, 2)
    assert entry.gaps[0].why == f"{SDIST} is not verified: no trusted wheel was rebuilt from it"
    index = Shelf([listed(PURE)], contents={SDIST: tmp_path / digest("archive") / SDIST})
    pin = pinned(version=None, url=found.url)
    any_rule = ruled(SdistRule.ANY)
    entry = closed(index, judge, ON_LINUX, pin=pin, archive=found, choice=any_rule)
    assert (source_of(entry), entry.gaps) == ((SDIST, False), ())


def test_a_part_of_an_archive_is_verified_by_nothing(tmp_path: Path) -> None:
    found, judge = archive(tmp_path, part="python/thing"), Judge()
    assert found.url.endswith("#subdirectory=python/thing")
    entry = closed_archive(found, judge)
    assert (source_of(entry), judge.asked) == (None, [])


def test_bytes_that_have_another_hash_than_the_url_names_are_a_fault_of_the_input(
    tmp_path: Path,
) -> None:
    assert archive(tmp_path, hashes=(digest("archive"),)).file.sha256 == digest("archive")
    with pytest.raises(InputFault, match="which is not the one that is named for it"):
        archive(tmp_path, hashes=(digest("other"),))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"t-1/PKG-INFO": f"{STATIC}Requires-Dist: a\n"}, ["a"]),
        ({"PKG-INFO": f"{STATIC}Requires-Dist: a\n"}, ["a"]),
        ({"t-1/PKG-INFO": STATIC.replace("2.2", "2.1") + "Requires-Dist: a\n"}, None),
        ({"t-1/PKG-INFO": f"{STATIC}Dynamic: Requires-Dist\nRequires-Dist: a\n"}, None),
        ({"t-1/PKG-INFO": f"{STATIC}Requires-Dist: not = one\n"}, None),
        ({"t-1/deep/PKG-INFO": STATIC}, None),
        ({"t-1/pyproject.toml": '[project]\nname="t"\ndynamic=["dependencies"]\n'}, None),
        ({"t-1/pyproject.toml": '[project]\nname="t"\ndynamic=["version"]\n'}, []),
        (
            {
                "t-1/PKG-INFO": STATIC.replace("2.2", "2.1"),
                "t-1/pyproject.toml": '[project]\nname="t"\ndependencies=["a"]\n'
                '[project.optional-dependencies]\nx_y=["b; python_version<\'3\'", "c"]\n',
            },
            ["a", 'b; python_version < "3" and extra == "x-y"', 'c; extra == "x-y"'],
        ),
    ],
)
def test_a_source_is_believed_where_its_author_answers_for_it(
    tmp_path: Path, files: Mapping[str, str], expected: list[str] | None
) -> None:
    requires = source_metadata(packed(tmp_path, files)).requires
    found = [str(one) for one in requires.requirements] if requires else None
    assert found == expected
