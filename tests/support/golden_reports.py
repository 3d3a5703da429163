"""The reports of a small document, as they are kept beside the tests that compare them.

python -m tests.support.golden_reports
"""

import re
import shutil
from pathlib import Path

from reports.renderers.registry import available, renderers
from tests.support.results import whole

GOLDEN = Path(__file__).parents[1] / "unit" / "reports" / "golden"
_VARIES = (
    (re.compile(r"(<(style|script)>).*?(</\2>)", re.DOTALL), r"\1...\3"),
    (re.compile(r"sha256-[A-Za-z0-9+/]{43}="), "sha256-..."),
)


def rendered() -> dict[str, str]:
    """All files of all formats by name; pages without what stands in the templates' folder."""
    return {
        file.name: _shortened(file.name, file.content.decode())
        for renderer in renderers(available())
        for file in renderer.render(whole())
    }


def kept() -> dict[str, str]:
    """The files that are kept."""
    return {
        path.relative_to(GOLDEN).as_posix(): path.read_bytes().decode()
        for path in sorted(GOLDEN.rglob("*"))
        if path.is_file()
    }


def _shortened(name: str, text: str) -> str:
    if name.endswith(".html"):
        for pattern, short in _VARIES:
            text = pattern.sub(short, text)
    return text


def main() -> None:
    """Write them anew."""
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for name, text in rendered().items():
        path = GOLDEN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


if __name__ == "__main__":
    main()
