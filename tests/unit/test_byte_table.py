"""The byte table: a partition of the file, and a golden rendering of it."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from reports.byte_table import render_accounting
from tests.support.wheels import changed, entries, honest_files, pack, with_record, write
from verify.compare.engine import compare
from verify.results import Accounting, ByteShare

CORE = "example/core.py"
HONEST = pack(entries())


def _accounting(tmp_path: Path, published: bytes) -> Accounting:
    return compare(write(tmp_path / "p", published), write(tmp_path / "r", HONEST)).accounting


def _rendered(accounting: Accounting, *, verbose: bool = False) -> str:
    console = Console(file=StringIO(), width=200, soft_wrap=True, highlight=False, markup=False)
    render_accounting(accounting, console, verbose=verbose)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    "published",
    [
        HONEST,
        pack(entries(), trailing=b"behind"),
        pack(entries(), comment=b"a comment"),
        pack(changed(CORE, {"time": 0x5822, "level": 9})),
        pack(entries(with_record(honest_files({CORE: b"import os\n"})))),
        b"no archive at all",
    ],
)
def test_every_row_adds_up_and_the_regions_are_a_partition(
    published: bytes, tmp_path: Path
) -> None:
    accounting = _accounting(tmp_path, published)
    for share in (*accounting.regions, *accounting.members):
        assert share.published == share.reproduced + share.explained + share.unexplained
    columns = ("published", "reproduced", "explained", "unexplained")
    sums = {name: sum(getattr(share, name) for share in accounting.regions) for name in columns}
    assert sums == {name: getattr(accounting, f"{name}_bytes") for name in columns}
    assert accounting.published_bytes == len(published)


def test_members_are_listed_with_the_least_explained_first(tmp_path: Path) -> None:
    files = honest_files({CORE: b"import os\n"})
    later = {"time": 0x5822}
    accounting = _accounting(
        tmp_path, pack(changed("example/data.txt", later, entries(with_record(files))))
    )
    assert [share.part for share in accounting.members] == [
        "example-1.0.dist-info/RECORD",
        CORE,
        "example/data.txt",
    ]
    assert accounting.members[-1].explained == 8
    assert accounting.members[-1].unexplained == 0


def test_a_long_list_of_members_is_cut_and_the_rest_counted(tmp_path: Path) -> None:
    files = with_record(honest_files({f"example/{at:03}.txt": b"%d" % at for at in range(150)}))
    accounting = _accounting(tmp_path, pack(entries(files)))
    assert len(accounting.members) == 100
    assert accounting.more_members == 51
    assert "    ... and 131 more members that are not reproduced whole\n" in _rendered(accounting)
    assert "    ... and 51 more members" in _rendered(accounting, verbose=True)


def test_the_table_as_a_person_sees_it() -> None:
    accounting = Accounting(
        published_bytes=1_200,
        reproduced_bytes=1_000,
        explained_bytes=150,
        unexplained_bytes=50,
        regions=(
            ByteShare(part="data", published=1_178, reproduced=978, explained=150, unexplained=50),
            ByteShare(part="end-record", published=22, reproduced=22, explained=0, unexplained=0),
        ),
        members=(
            ByteShare(part="a\x1b.py", published=60, reproduced=10, explained=0, unexplained=50),
            ByteShare(part="b.txt", published=150, reproduced=0, explained=150, unexplained=0),
        ),
    )
    assert _rendered(accounting) == (
        "    published   reproduced    explained  unexplained  bytes of\n"
        "        1,178          978          150           50  data\n"
        "           22           22            0            0  end-record\n"
        "        1,200        1,000          150           50  file\n"
        "    published   reproduced    explained  unexplained  member\n"
        "           60           10            0           50  a\\x1b.py\n"
        "    ... and 1 more members that are not reproduced whole\n"
    )
