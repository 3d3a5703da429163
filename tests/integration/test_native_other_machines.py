"""Published native code for x86 and AArch64: compared by what is loaded, and not by luck."""

import os
import random
import zipfile
from pathlib import Path

import pytest

from tests.support.elf import in_section, patched
from tests.support.real_wheels import KEPT_CACHE
from tests.support.wheels import entries, honest_files, pack, with_record, write
from verify.compare.engine import compare
from verify.events import silent
from verify.gather import IndexGatherer
from verify.index.cache import FileCache
from verify.index.client import open_index
from verify.index.config import load_config
from verify.native.compare import compare_native
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.sections import compare_sections
from verify.verdict import Verdict

OLD_I686 = "manylinux_2_5_i686.manylinux1_i686.manylinux_2_17_i686.manylinux2014_i686"
FILES = {
    f"MarkupSafe-2.1.5-cp311-cp311-{OLD_I686}.whl": (
        "7502934a33b54030eaf1194c21c692a534196063db72176b0c4028e140f8f32c"
    ),
    "MarkupSafe-2.1.5-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl": (
        "6ec585f69cec0aa07d945b20805be741395e28ac1627333b1c5b0105962ffced"
    ),
}
LIBRARY = "example/_speedups.abi3.so"


@pytest.fixture(scope="module", params=FILES, ids=["x86", "aarch64"])
def code(request: pytest.FixtureRequest) -> bytes:
    """The one native member of a published wheel."""
    config = load_config(
        index_url=None, extra_index_urls=(), environ=dict(os.environ), cwd=Path(__file__).parent
    )
    index = open_index(config, cache_root=KEPT_CACHE, offline=False, listener=silent)
    gatherer = IndexGatherer(FileCache(KEPT_CACHE), index)
    path = gatherer.gather("markupsafe", "2.1.5", request.param, FILES[request.param])
    with zipfile.ZipFile(path) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".so"))
        return archive.read(name)


def _verdict(folder: Path, published: bytes, rebuilt: bytes) -> Verdict:
    ours, theirs = (
        write(folder / side, pack(entries(with_record(honest_files({LIBRARY: data})))))
        for side, data in (("p", published), ("r", rebuilt))
    )
    return compare(ours, theirs).verdict


def test_another_build_id_is_explained_and_one_bit_of_code_is_not(
    code: bytes, tmp_path: Path
) -> None:
    other = in_section(code, ".note.gnu.build-id", 16, b"\x5a" * 20)
    assert _verdict(tmp_path / "id", other, code) is Verdict.EQUIVALENT
    text = read_elf(code).by_name[".text"]
    for at in (text.offset, text.offset + text.size - 1):
        changed = patched(other, at, bytes([other[at] ^ 1]))
        assert _verdict(tmp_path / str(at), changed, code) is Verdict.DIFFERENT


def test_no_flipped_bit_of_what_is_loaded_is_accepted(code: bytes) -> None:
    elf = read_elf(code)
    note = elf.by_name[".note.gnu.build-id"]
    end = max(segment.offset + segment.file_size for segment in elf.segments)
    loaded = {*range(end)} - {*range(note.offset + 16, note.offset + note.size)}
    chosen = random.Random(7)  # noqa: S311 - the same places each time
    accepted = []
    for at in chosen.sample(sorted(loaded), 300):
        changed = patched(code, at, bytes([code[at] ^ 1 << chosen.randrange(8)]))
        try:
            # As the rules do: what is not for this comparison is for the other one.
            found = compare_sections(changed, code) or compare_native(changed, code)
        except UnreadableElfError:
            continue
        if not found.problems:
            accepted.append(at)
    assert accepted == []
