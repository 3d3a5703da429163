"""Attacks on what decides builds: scripts of a source that are read, manifests of images."""

import io
import json
import tarfile
import time
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest

from builders.registry import RegistryFault
from builders.registry_layers import merge
from builders.registry_manifest import chosen_manifest, read_manifest
from builders.root_tree import SHOWN
from builders.search.scripts import NOTHING, Scripts, read_scripts

SECONDS = 5.0
"""That reading a hostile source may take; each of these took from half a minute to hours."""


def read(folder: Path, files: Mapping[str, str]) -> Scripts:
    """What the scripts of an sdist ask, which must not take long to find out."""
    path = folder / "example-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"example-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    started = time.process_time()
    found = read_scripts(path)
    assert time.process_time() - started < SECONDS
    return found


def test_comparisons_inside_of_comparisons_are_not_read_again_and_again(tmp_path: Path) -> None:
    text = f"[{'1,' * 110_000}]"
    for _ in range(80):
        text = f"({text}==1)"
    assert read(tmp_path, {"setup.py": f"x={text}"}) == NOTHING


def test_many_small_nests_of_comparisons_are_not_read_to_the_end(tmp_path: Path) -> None:
    nest = "1"
    for _ in range(80):
        nest = f"({nest}==1)"
    assert read(tmp_path, {"setup.py": f"x=[{','.join([nest] * 600)}]"}) == NOTHING


def test_variables_and_words_of_one_comparison_do_not_multiply(tmp_path: Path) -> None:
    variables = ",".join(f'os.environ["USE_CYTHON_{at}"]' for at in range(200))
    words = ",".join(f'"w{at}"' for at in range(25_000))
    found = read(tmp_path, {"setup.py": f"import os\nx = [{variables}] == [{words}]\n"})
    assert len(found.switches) == 200
    assert len(found.choices) <= 200 * 210


def test_long_names_of_files_are_not_searched_for_lists_of_requirements(tmp_path: Path) -> None:
    assert read(tmp_path, {f"{'requirements' * 40_000}{at}": "" for at in range(3)}) == NOTHING


KINDS = ("application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json")
BLOB = {"digest": f"sha256:{'0' * 64}", "size": 1}
LAYER = {**BLOB, "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}
ENTRY = {**BLOB, "platform": {"os": "linux", "architecture": "amd64"}}
IMAGE = {"schemaVersion": 2, "config": BLOB, "layers": [LAYER]}


@pytest.mark.parametrize("kind", [*KINDS, None])
def test_a_manifest_that_is_an_index_as_well_is_neither(kind: str | None) -> None:
    """CVE-2021-41190: an engine goes by the header of an answer, which no digest covers."""
    told = {"mediaType": kind} if kind else {}
    document = json.dumps({**IMAGE, "manifests": [ENTRY], **told}).encode()
    assert read_manifest(json.dumps(IMAGE).encode()).layers[0].is_gzip
    with pytest.raises(RegistryFault):
        chosen_manifest(document, "amd64") or read_manifest(document)


@pytest.mark.parametrize("content", [b"0", b"\0"])
def test_headers_of_a_layer_are_not_read_as_long_as_they_say_they_are(
    content: bytes, tmp_path: Path
) -> None:
    """Of digits, tarfile's own search in such a header takes quadratic time."""
    header = tarfile.TarInfo("header")
    header.type, header.size = tarfile.XHDTYPE, (512 if content == b"0" else 200 * 1024) * 1024
    layer = tmp_path / "layer.tar"
    with layer.open("wb") as file:
        file.write(header.tobuf() + content * (1024**2 if content == b"0" else 1))
        file.truncate(tarfile.BLOCKSIZE + header.size)
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(RegistryFault, match="a header"):
        merge([layer], tmp_path / "root", SHOWN)
    assert tracemalloc.get_traced_memory()[1] < 20 * 1024**2
    tracemalloc.stop()
    assert time.process_time() - started < SECONDS
