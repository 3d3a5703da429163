"""A binary that a build copies from its source: identical, and the signal is there."""

from pathlib import Path

from tests.support.command import assert_valid, truewheel
from tests.support.projects import MODULES, SDIST, WHEEL, make_sdist, make_wheel

BINARY = {**MODULES, "engine.dat": "\0asm\1\0\0\0"}


def _check(folder: Path, *more: str) -> tuple[str, ...]:
    return (
        *("check", "--sandbox", "bubblewrap", "--offline", "--file", str(folder / WHEEL)),
        *("--sdist", str(folder / SDIST), *more),
    )


def test_a_copied_binary_is_a_signal_beside_an_identical_verdict(
    cache: Path, tmp_path: Path
) -> None:
    make_sdist(tmp_path, modules=BINARY)
    make_wheel(tmp_path, modules=BINARY)
    ran = truewheel(*_check(tmp_path, "--json"), cache=cache)
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    assert (result["verdict"], result["trusted"]) == ("identical", True)
    (signal,) = result["signals"]
    assert (signal["rule"], signal["class"]) == ("release.prebuilt-binary", "note")
    (binary,) = signal["evidence"]["binaries"]
    assert (binary["name"], binary["in_wheel"]) == (
        "thing-1.0/thing/engine.dat",
        ["thing/engine.dat"],
    )


def test_a_person_sees_which_binary_it_is(cache: Path, tmp_path: Path) -> None:
    make_sdist(tmp_path, modules=BINARY)
    make_wheel(tmp_path, modules=BINARY)
    shown = truewheel(*_check(tmp_path), cache=cache).stdout
    assert "note  release.prebuilt-binary" in shown
    assert "thing-1.0/thing/engine.dat: WebAssembly, 8 B, in the wheel as" in shown
