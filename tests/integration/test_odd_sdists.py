"""Sources that are packed in other ways than `NAME-VERSION/` in a `.tar.gz`, and what a check says.

The wheels are built for real from the very sdist that the check gets; build tools come from the
configured index.
"""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.search.choices import Choices
from tests.support.command import assert_valid, truewheel
from tests.support.interpreters import needs_python
from tests.support.old_projects import PEP_517, frontend
from tests.support.publishing import EPOCH, Published, Publisher, Source
from tests.support.searching import metadata
from tests.support.unusual import DAY, setup_py
from tests.support.wheels import entries, pack, record_row

pytestmark = needs_python((2, 7), (3, 6), (3, 10))

Members = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Odd(Source):
    """A project whose sdist is packed in a way of its own.

    Attributes:
        suffix: of the sdist, from which follows what it is packed with.
        root: what is put before each member's name, `NAME-VERSION/` if it is None.
        links: targets of symbolic links by name.
        hard_links: targets of hard links by name, without the root.
        stray: members outside the root.
        modes: permission bits by name, 0o644 where there are none.
    """

    suffix: str = ".tar.gz"
    root: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    hard_links: Mapping[str, str] = field(default_factory=dict)
    stray: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)

    @property
    def top(self) -> str:
        """What every member's name begins with."""
        return f"{self.stem}/" if self.root is None else self.root

    def pack(self, folder: Path) -> Path:
        """Write the sdist."""
        path = folder / f"{self.stem}{self.suffix}"
        texts = {**self.stray, **{self.top + name: text for name, text in self.files.items()}}
        whole = {name: text.encode() for name, text in sorted(texts.items())}
        if self.suffix == ".zip":
            self._write_zip(path, whole)
        else:
            self._write_tar(path, whole)
        return path

    def _mode(self, member: str) -> int:
        return self.modes.get(member.removeprefix(self.top), 0o644)

    def _write_zip(self, path: Path, members: Members) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                info = zipfile.ZipInfo(name, (2017, 7, 14, 2, 40, 0))
                info.external_attr = (0o100000 | self._mode(name)) << 16
                archive.writestr(info, data)

    def _write_tar(self, path: Path, members: Members) -> None:
        packed = path.suffix.removeprefix(".").replace("tgz", "gz").replace("tar", "")
        with tarfile.open(path, f"w:{packed}", format=tarfile.GNU_FORMAT) as archive:  # type: ignore[call-overload]  # a mode that is put together
            for name, data in members.items():
                archive.addfile(self._info(name, size=len(data)), io.BytesIO(data))
            for name, target in self.links.items():
                archive.addfile(self._info(self.top + name, tarfile.SYMTYPE, target))
            for name, target in self.hard_links.items():
                archive.addfile(self._info(self.top + name, tarfile.LNKTYPE, self.top + target))

    def _info(
        self, name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0
    ) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, target, size
        info.mtime, info.mode = EPOCH, self._mode(name)
        return info


def odd(name: str, more: str = "", **changes: Any) -> Odd:  # noqa: ANN401 - fields of Odd
    """A project with a setup.py; `more` are further arguments of `setup()`."""
    plain = setup_py(name, more)
    files = {**plain.files, **changes.pop("files", {})}
    return Odd(name=name, files=files, generator=plain.generator, **changes)


@pytest.fixture(scope="module")
def publisher(cache: Path) -> Publisher:
    return Publisher(cache=cache)


@pytest.fixture(scope="module")
def plain(publisher: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A release of the usual kind."""
    return publisher.publish(odd("usual"), DAY, tmp_path_factory.mktemp("usual"))


def check(cache: Path, published: Published) -> tuple[int, Mapping[str, Any]]:
    """The exit code and the one result; nothing that was built before is remembered."""
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--fresh", "--attempts", "1",
        "--file", published.wheel, "--sdist", published.sdist,
        environment={"TRUEWHEEL_CACHE_DIR": str(cache)},
    )  # fmt: skip
    assert ran.stdout, ran.stderr
    assert "Traceback" not in ran.stderr
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    return ran.code, result


def contents(wheel: Path) -> Members:
    """What is in a wheel, by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def shown(publisher: Publisher, source: Source, folder: Path) -> Members:
    """Publish a source, fail unless its wheel is restored; gives the wheel's content."""
    published = publisher.publish(source, DAY, folder)
    code, result = check(publisher.cache, published)
    assert (code, result["verdict"], result["trusted"]) == (0, "identical", True), result
    return contents(published.wheel)


def refused(publisher: Publisher, published: Published, source: Source, folder: Path) -> str:
    """Fail unless another source for a wheel is a bad one; gives the detail and the log."""
    code, result = check(publisher.cache, replace(published, sdist=source.pack(folder)))
    assert (code, result["verdict"], result["reason"]) == (3, "undetermined", "bad-source"), result
    (attempt,) = result["attempts"]
    return f"{result['detail']} {attempt['log_tail'] or ''}"


# Formats.


@pytest.mark.parametrize("suffix", [".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tar"])
def test_a_source_may_be_packed_in_any_format(
    suffix: str, publisher: Publisher, tmp_path: Path
) -> None:
    members = shown(publisher, odd("packed", suffix=suffix), tmp_path)
    assert members["packed/core.py"] == b"VALUE = 1\n" * 20


@pytest.mark.parametrize("suffix", [".tar.Z", ".tar.lzma"])
def test_what_nothing_here_unpacks_is_a_bad_source(
    suffix: str, publisher: Publisher, plain: Published, tmp_path: Path
) -> None:
    sdist = tmp_path / f"usual-1.0{suffix}"
    sdist.write_bytes({".tar.Z": b"\x1f\x9d\x90", ".tar.lzma": b"]\0\0\x80\0"}[suffix] * 300)
    code, result = check(publisher.cache, replace(plain, sdist=sdist))
    assert (code, result["reason"]) == (3, "bad-source")
    assert sdist.name in result["detail"]


# Roots.

ROOTS = {
    "another": odd("rooted", root="other/"),
    "dotted": odd("rooted", root="./rooted-1.0/"),
    "with-more": odd("rooted", root="rooted-1.0-with more/"),
    "not-alone": odd("rooted", stray={"package.xml": "<package/>\n"}),
    "none": odd("rooted", root=""),
    "none-zip": odd("rooted", root="", suffix=".zip"),
    "a-dot": odd("rooted", root="./"),
    "none-and-another": odd("rooted", root="", stray={"docs/setup.py": "raise SystemExit('no')\n"}),
}


@pytest.mark.parametrize("which", ROOTS)
def test_the_root_of_a_source_may_have_any_name_or_none(
    which: str, publisher: Publisher, tmp_path: Path
) -> None:
    members = shown(publisher, ROOTS[which], tmp_path)
    assert "rooted/core.py" in members
    assert "docs/setup.py" not in members


@pytest.mark.parametrize("root", ["one/two/", "../", "/", "/tmp/", "usual-1.0/../../"])
def test_a_root_elsewhere_is_a_bad_source(
    root: str, publisher: Publisher, plain: Published, tmp_path: Path
) -> None:
    refused(publisher, plain, odd("usual", root=root), tmp_path)


# Links.


LINKS = {
    "symbolic": odd("linked", links={"linked/more.py": "../shared.py"}),
    "hard": odd("linked", hard_links={"linked/more.py": "shared.py"}),
}


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_to_a_file_is_that_file(kind: str, publisher: Publisher, tmp_path: Path) -> None:
    source = LINKS[kind]
    source = replace(source, files={**source.files, "shared.py": "SHARED = True\n"})
    assert shown(publisher, source, tmp_path)["linked/more.py"] == b"SHARED = True\n"


def test_a_link_to_a_directory_is_that_directory(publisher: Publisher, tmp_path: Path) -> None:
    source = odd(
        "branched",
        ", package_data={'branched': ['data/*.txt']}",
        files={"shared/data/a.txt": "Data.\n"},
        links={"branched/data": "../shared/data"},
    )
    assert shown(publisher, source, tmp_path)["branched/data/a.txt"] == b"Data.\n"


def test_a_link_to_nothing_is_left_alone(publisher: Publisher, tmp_path: Path) -> None:
    source = odd("dangling", links={"README": "missing"})
    assert "dangling/core.py" in shown(publisher, source, tmp_path)


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../../etc/passwd", "../../..", "../../../src-other"]
)
def test_a_symbolic_link_out_of_the_source_is_a_bad_source(
    target: str, publisher: Publisher, plain: Published, tmp_path: Path
) -> None:
    source = odd("usual", links={"usual/more.py": target})
    said = refused(publisher, plain, source, tmp_path)
    assert "leaves the source" in said
    assert target in said


def test_a_hard_link_out_of_the_source_is_a_bad_source(
    publisher: Publisher, plain: Published, tmp_path: Path
) -> None:
    source = odd("usual", hard_links={"usual/more.py": "../../etc/passwd"})
    assert "leaves the source" in refused(publisher, plain, source, tmp_path)


# Names.

CAFE = "caf\udce9"
"""As Python has the bytes `caf\\xe9`, which are no UTF-8."""


@pytest.mark.parametrize(
    "name", [f"{CAFE}.txt", f"docs/{CAFE}/index.html", f"named/{CAFE}.txt", "named/caf\u00e9.txt"]
)
def test_names_beside_the_package_need_not_be_utf_8(
    name: str, publisher: Publisher, tmp_path: Path
) -> None:
    source = odd("named", files={name: "More.\n"})
    sdist = source.pack(tmp_path)
    with tarfile.open(sdist, errors="strict", encoding="latin-1") as archive:
        assert any("caf" in member for member in archive.getnames())
    assert "named/core.py" in shown(publisher, source, tmp_path)


# What was left by an earlier build.


def test_a_stale_build_directory_in_the_source_is_in_both_wheels(
    publisher: Publisher, tmp_path: Path
) -> None:
    """Setuptools packs all of it, and keeps what is no older than the file it was made from."""
    stale = {"build/lib/stale/gone.py": "GONE = True\n", "build/lib/stale/core.py": "OLD = True\n"}
    members = shown(publisher, odd("stale", files=stale), tmp_path)
    assert members["stale/gone.py"] == b"GONE = True\n"
    assert members["stale/core.py"] == b"OLD = True\n"


def test_a_stale_build_directory_of_the_maintainer_alone_is_a_difference(
    publisher: Publisher, tmp_path: Path
) -> None:
    stale = odd("staler", files={"build/lib/staler/gone.py": "GONE = True\n"})
    published = publisher.publish(stale, DAY, tmp_path)
    clean = odd("staler").pack(tmp_path)
    code, result = check(publisher.cache, replace(published, sdist=clean))
    assert (code, result["verdict"], result["trusted"]) == (1, "different", False)
    assert "staler/gone.py" in {finding["member"] for finding in result["diff"]["findings"]}


# Interpreters.


def test_a_python_that_there_is_none_of_is_unsupported(
    publisher: Publisher, tmp_path: Path
) -> None:
    sdist = odd("example").pack(tmp_path)
    info = "example-1.0.dist-info"
    files = {
        "example/__init__.py": b"",
        f"{info}/METADATA": metadata("Requires-Python: >=3.97"),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: bdist_wheel (0.37.1)\n"
        b"Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = "".join(f"{record_row(name, data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{rows}{info}/RECORD,,\n".encode()
    wheel = tmp_path / "example-1.0-py3-none-any.whl"
    wheel.write_bytes(pack(entries(files)))
    code, result = check(publisher.cache, Published(wheel=wheel, sdist=sdist))
    assert (code, result["verdict"], result["reason"]) == (3, "undetermined", "unsupported")
    assert "a CPython that satisfies >=3.97" in result["detail"]


# Modes.

DATA = ", package_data={'moded': ['*.txt']}"


@pytest.mark.parametrize(
    ("suffix", "umask", "mode"),
    [(".tar.gz", "002", 0o664), (".tar.gz", "027", 0o640), (".zip", "002", 0o664)],
)
def test_a_wheel_built_under_another_umask_is_identical(
    suffix: str, umask: str, mode: int, publisher: Publisher, tmp_path: Path
) -> None:
    files = {"moded/a.txt": "A\n", "moded/b.txt": "B\n"}
    modes = {"moded/a.txt": mode, "moded/b.txt": 0o755}
    source = odd("moded", DATA, files=files, modes=modes, suffix=suffix)
    published = publisher.publish(source, DAY, tmp_path, Choices(umask=umask))
    with zipfile.ZipFile(published.wheel) as archive:
        (made,) = {
            member.external_attr >> 16 & 0o777
            for member in archive.infolist()
            if member.filename.endswith(("/WHEEL", "/METADATA", "core.py", "a.txt"))
        }
    assert made == mode
    code, result = check(publisher.cache, published)
    assert (code, result["verdict"]) == (0, "identical")
    assert [attempt["chosen"] for attempt in result["attempts"]] == [[f"umask {umask}"]]
    assert result["recipe"]["umask"] == umask


TELLS_MODES = """\
import os
def get_requires_for_build_wheel(config_settings=None):
    open("new", "w").close()
    names = sorted(n for n in os.listdir(".") if n.startswith(("m", "n")))
    return ["%s=%o" % (n, os.stat(n).st_mode & 0o7777) for n in names]
"""
PACKED = {f"m{mode:o}": mode for mode in (0o4777, 0o775, 0o755, 0o664, 0o644, 0o640, 0o600, 0o444)}


LEFT = {
    "002": (0o775, 0o775, 0o755, 0o664, 0o644, 0o640, 0o600, 0o644, 0o664),
    "022": (0o755, 0o755, 0o755, 0o644, 0o644, 0o640, 0o600, 0o644, 0o644),
    "027": (0o750, 0o750, 0o750, 0o640, 0o640, 0o640, 0o600, 0o640, 0o640),
}
"""By umask, those of PACKED and that of a new file."""


@pytest.mark.parametrize("python", [(2, 7), (3, 6), (3, 10)])
@pytest.mark.parametrize("umask", LEFT)
def test_files_of_a_source_have_the_modes_that_the_umask_leaves_them(
    bubblewrap_sandbox: BubblewrapSandbox, tmp_path: Path, python: tuple[int, int], umask: str
) -> None:
    texts = {"backend.py": TELLS_MODES, "setup.py": "", **dict.fromkeys(PACKED, "")}
    source = Odd(name="old", files=texts, modes=PACKED).pack(tmp_path)
    call = replace(PEP_517, backend="backend", backend_path=(".",))
    ready = frontend(bubblewrap_sandbox, source, python=python, tools=(), call=call)
    answer = replace(ready, umask=umask).requires()
    expected = zip((*PACKED, "new"), LEFT[umask], strict=True)
    assert set(answer) == {f"{name}={mode:o}" for name, mode in expected}
