"""The README shows what the command really prints."""

import shlex
from pathlib import Path

import pytest

from tests.support.command import truewheel

README = Path(__file__).resolve().parents[2] / "README.md"


def examples() -> list[tuple[list[str], str]]:
    """Each `$ truewheel ...` of an indented block, with the output shown below it."""
    found: list[tuple[list[str], list[str]]] = []
    shown: list[str] | None = None
    for line in README.read_text(encoding="utf-8").splitlines():
        text = line.removeprefix("    ")
        if line.startswith("    $ "):
            shown = [] if text.startswith("$ truewheel ") else None
            if shown is not None:
                found.append((shlex.split(text)[2:], shown))
        elif line and not line.startswith("    "):
            shown = None
        elif shown is not None:
            shown.append(text)
    return [(arguments, "\n".join(lines)) for arguments, lines in found]


def without_times(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if not line.startswith("  seconds")]


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize(("arguments", "output"), examples())
def test_an_example_prints_what_the_readme_says(
    arguments: list[str], output: str, cache: Path
) -> None:
    ran = truewheel(*arguments, environment={"TRUEWHEEL_CACHE_DIR": str(cache)})
    assert without_times(ran.stdout) == without_times(output)


def test_the_readme_has_examples() -> None:
    assert examples()
