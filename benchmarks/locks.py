"""pip-compile, `uv pip compile` and `truewheel lock` on the same inputs, and what each writes.

    make lock-comparison

Small projects are served on loopback, one trap each; then ten popular packages are locked from the
configured index. pip-tools comes from there too, into an environment of its own. Each file that is
written is given to `pip install --require-hashes`. Writes docs/lock-comparison.md.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from packaging.utils import canonicalize_name
from uv import find_uv_bin

from tests.support.index_server import IndexServer, ServedFile
from tests.support.projects import BACKEND, MODULES, PYPROJECT, make_sdist
from tests.support.shop import DAY, Shop

PAGE = Path(__file__).resolve().parents[1] / "docs" / "lock-comparison.md"
POPULAR = (
    *("requests", "click", "rich", "jinja2", "attrs", "python-dateutil", "websockets==12.0"),
    *("coverage==7.5.1", "packaging", "zope.interface==6.3"),
)
TAMPERED = {**MODULES, "core.py": "import os\n"}

HEAD = """\
# Side by side with pip-compile and uv

`make lock-comparison` ran what is below and wrote this page: {versions}.
The projects of the first table are small and served on loopback; each input has one trap. The last
column is what `pip install --require-hashes` makes of the file that was written.

"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One input.

    Attributes:
        prepare: publishes what it needs; gives the lines of the input.
    """

    title: str
    prepare: Callable[[Shop], Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Tools:
    """How to run all three; `index` is None for the configured one."""

    folder: Path
    cache: Path
    index: str | None = None

    def command(self, tool: str, source: Path, output: Path) -> tuple[str, ...]:
        """The command line of a tool."""
        index = ("--index-url", self.index) if self.index is not None else ()
        # Popular packages are not built for their metadata.
        wheels = "" if self.index else "--only-binary=:all:"
        files = ("-o", str(output), str(source))
        match tool:
            case "pip-compile":
                only = ("--pip-args", wheels) if wheels else ()
                options = ("--generate-hashes", "--quiet", "--no-config", "--strip-extras", *only)
                cache = ("--cache-dir", str(self.folder / "pip-tools-cache"))
                command = str(self.folder / "pip-tools" / "bin" / "pip-compile")
                return (command, *options, *cache, *index, *files)
            case "uv pip compile":
                options = ("--generate-hashes", "--quiet", "--no-cache", *index)
                python = ("--python", sys.executable, *([wheels] if wheels else []))
                return (find_uv_bin(), "pip", "compile", *options, *python, *files)
        options = ("--sandbox", "bubblewrap", "--cache-dir", str(self.cache), "--quiet", *index)
        return (sys.executable, "-m", "verify.cli", "lock", *options, *files)

    def installs(self, locked: Path) -> bool:
        """Whether pip takes a lock."""
        index = ("--index-url", self.index) if self.index is not None else ()
        options = ("--require-hashes", "--no-cache-dir", "--target", f"{locked}-installed")
        command = (sys.executable, "-m", "pip", "install", *options, *index, "-r", str(locked))
        return self.run(command)[0] == 0

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """Exit code and what was said; with an index named, no configuration counts."""
        alone = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"} if self.index else {}
        kept = {
            k: v for k, v in os.environ.items() if not (alone and k.startswith(("PIP_", "UV_")))
        }
        more = {"TRUEWHEEL_LEDGER": "none", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **alone}
        done = subprocess.run(
            command,
            env={**kept, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=3600,
        )
        return done.returncode, done.stderr or done.stdout


NAMES = ("pip-compile", "uv pip compile", "truewheel lock")


def main(arguments: Sequence[str]) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.locks")
    parser.add_argument("--cache-dir", type=Path, help="of truewheel, for the popular packages")
    chosen = parser.parse_args(arguments).cache_dir
    with tempfile.TemporaryDirectory(prefix="truewheel-bench-") as name:
        folder = Path(name)
        tools = Tools(folder=folder, cache=chosen or folder / "cache")
        install_pip_tools(folder / "pip-tools")
        head = HEAD.format(versions=", ".join(versions(tools)))
        text = "\n".join((*traps(tools), "", *popular(tools)))
    PAGE.write_text(f"{head}{text}\n", encoding="utf-8")
    print(PAGE)


def install_pip_tools(place: Path) -> None:
    for command in (
        ("venv", "--quiet", "--python", sys.executable, str(place)),
        ("pip", "install", "--quiet", "--python", str(place / "bin" / "python"), "pip-tools"),
    ):
        subprocess.run((find_uv_bin(), *command), check=True)


def versions(tools: Tools) -> Iterator[str]:
    pip_compile = tools.command("pip-compile", Path(), Path())[0]
    for command in ((pip_compile,), (find_uv_bin(),), (sys.executable, "-m", "verify.cli")):
        said = subprocess.run((*command, "--version"), check=True, capture_output=True, text=True)
        yield " ".join(said.stdout.replace(", version", "").split()[:2])


def traps(tools: Tools) -> Iterator[str]:
    """Rows of the first table."""
    yield "| input | tool | exit | what is written | pip |"
    yield "|---|---|---:|---|---|"
    for number, case in enumerate(CASES):
        with IndexServer() as index:
            folder = tools.folder / f"case-{number}"
            folder.mkdir()
            lines = case.prepare(Shop(index, folder))
            here = replace(tools, index=index.url)
            for tool in NAMES:
                place = folder / tool.replace(" ", "-")
                place.mkdir()
                title = case.title if tool == NAMES[0] else ""
                yield f"| {title} | {row(here, tool, lines, place, index)}"


def row(tools: Tools, tool: str, lines: Sequence[str], place: Path, index: IndexServer) -> str:
    source, output = place / "requirements.in", place / "requirements.txt"
    source.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    code, said = tools.run(tools.command(tool, source, output))
    if not output.exists():
        return f"{tool} | {code} | nothing: {reason(said)} | |"
    verdict = "installs it" if tools.installs(output) else "refuses it"
    return f"{tool} | {code} | {written(output, index)} | {verdict} |"


def written(output: Path, index: IndexServer) -> str:
    """The files whose hashes are in a lock, and the requirements that have none."""
    text = output.read_text(encoding="utf-8")
    files = {file.sha256: file.filename for each in index.projects.values() for file in each}
    hashed = sorted(
        files.get(digest, digest[:8]) for digest in re.findall(r"sha256:(\w{64})", text)
    )
    joined = re.sub(r"\\\n\s*", "", text).splitlines()
    bare = [line for line in joined if re.match(r"[a-z-]", line) and "--hash" not in line]
    bare = [line for line in bare if not line.startswith(("--index-url", "--extra-index-url"))]
    unsafe = ["setuptools left out"] if re.search(r"^# setuptools", text, re.MULTILINE) else []
    shown = [re.sub(r"(file://)?/\S*/|@[0-9a-f]{40}", "", line) for line in bare]
    parts = [f"`{name}`" for name in hashed] + [f"without a hash: `{line}`" for line in shown]
    return "<br>".join((*parts, *unsafe))


_TELLING = ("error:", "not trusted", "not verified", "DO NOT MATCH")


def reason(said: str) -> str:
    """The words of an error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or [""]
    told = next((line for line in lines if any(word in line for word in _TELLING)), lines[-1])
    told = re.sub(r"(file://|http://)?/?\S*/", "", told).removeprefix("truewheel: ")
    return re.sub(r"[0-9a-f]{40}", "COMMIT", told).replace("|", "/")[:160]


def popular(tools: Tools) -> Iterator[str]:
    """The pins of popular packages."""
    found: dict[str, Mapping[str, str]] = {}
    source = tools.folder / "popular.in"
    source.write_text("".join(f"{line}\n" for line in POPULAR), encoding="utf-8")
    hashes: dict[str, int] = {}
    for tool in NAMES:
        output = tools.folder / f"popular-{tool.replace(' ', '-')}.txt"
        code, said = tools.run(tools.command(tool, source, output))
        if code:
            sys.exit(f"{tool}: {said}")
        text = output.read_text(encoding="utf-8")
        found[tool], hashes[tool] = pins(text), text.count("--hash=")
    yield f"## The same pins\n\nTen lines, from the configured index: {', '.join(POPULAR)}.\n"
    yield "| project | " + " | ".join(NAMES) + " |\n|---|---|---|---|"
    for name in sorted(set().union(*found.values())):
        cells = (found[tool].get(name, "left out") for tool in NAMES)
        yield f"| {name} | {' | '.join(cells)} |"
    yield "| hashes | " + " | ".join(str(hashes[tool]) for tool in NAMES) + " |"
    first, *others = found.values()
    shared = set(first).intersection(*others)
    same = all(other[name] == first[name] for other in others for name in shared)
    yield f"\nThe pins of what all three pin are {'equal' if same else 'not equal'}."


def pins(text: str) -> Mapping[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s\\;]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def tampered(shop: Shop) -> Sequence[str]:
    shop.release("thing", published=TAMPERED)
    return ("thing",)


def late(shop: Shop) -> Sequence[str]:
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}-none-any"
    content = shop.release("thing", published=TAMPERED)
    when = DAY + timedelta(days=1230)
    added = ServedFile(filename=f"thing-1.0-{tag}.whl", content=content, upload_time=when)
    shop.release("thing", more=(added,))
    return ("thing",)


def unsafe(shop: Shop) -> Sequence[str]:
    shop.release("setuptools")
    shop.release("thing", requires=("setuptools",))
    return ("thing",)


def checkout(shop: Shop) -> Sequence[str]:
    return (f"thing @ git+file://{_repository(shop)}@{_commit(shop)}",)


def editable(shop: Shop) -> Sequence[str]:
    return (f"-e {_repository(shop)}",)


def wheel_url(shop: Shop) -> Sequence[str]:
    shop.release("thing")
    return (f"thing @ {shop.index.file_url('thing', 'thing-1.0-py3-none-any.whl')}",)


def tampered_url(shop: Shop) -> Sequence[str]:
    tampered(shop)
    return (f"thing @ {shop.index.file_url('thing', 'thing-1.0-py3-none-any.whl')}",)


def archive_url(shop: Shop) -> Sequence[str]:
    shop.release("thing")
    return (f"thing @ {shop.index.file_url('thing', 'thing-1.0.tar.gz')}",)


def changed_archive_url(shop: Shop) -> Sequence[str]:
    shop.release("thing")
    packed = make_sdist(shop.folder, name="thing", modules=TAMPERED, backend=BACKEND).read_bytes()
    shop.index.add("elsewhere", [ServedFile(filename="thing-1.0.tar.gz", content=packed)])
    return (f"thing @ {shop.index.file_url('elsewhere', 'thing-1.0.tar.gz')}",)


def no_wheel(shop: Shop) -> Sequence[str]:
    shop.release("thing")
    sdist = next(f for f in shop.index.projects["thing"] if f.filename.endswith(".tar.gz"))
    shop.index.add("thing", [sdist])
    return ("thing",)


def wrong_hash(shop: Shop) -> Sequence[str]:
    shop.release("thing")
    return (f"thing==1.0 --hash=sha256:{sha256(b'another').hexdigest()}",)


CASES = (
    Case(title="a wheel that is not what its source builds to", prepare=tampered),
    Case(title="such a wheel, uploaded 1,230 days late beside an honest one", prepare=late),
    Case(title="something that needs setuptools", prepare=unsafe),
    Case(title="a VCS requirement at a commit", prepare=checkout),
    Case(title="an editable requirement", prepare=editable),
    Case(title="the URL of a wheel", prepare=wheel_url),
    Case(title="the URL of a wheel that was tampered with", prepare=tampered_url),
    Case(title="the URL of an sdist", prepare=archive_url),
    Case(
        title="the URL of an archive with other sources than the release",
        prepare=changed_archive_url,
    ),
    Case(title="a release that has no wheel", prepare=no_wheel),
    Case(title="a hash in the input that no file has", prepare=wrong_hash),
)


def _repository(shop: Shop) -> Path:
    place = shop.folder / "repository"
    (place / "thing").mkdir(parents=True, exist_ok=True)
    (place / "pyproject.toml").write_text(
        f'{PYPROJECT}\n[project]\nname = "thing"\nversion = "1.0"\n', encoding="utf-8"
    )
    (place / "backend.py").write_text(
        f"{BACKEND}\nbuild_editable = build_wheel\n", encoding="utf-8"
    )
    for name, text in MODULES.items():
        (place / "thing" / name).write_text(text, encoding="utf-8")
    git = ("git", "-C", str(place), "-c", "user.name=N", "-c", "user.email=n@example.org")
    for command in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "1")):
        subprocess.run((*git, *command), check=True)
    return place


def _commit(shop: Shop) -> str:
    place = shop.folder / "repository"
    done = subprocess.run(
        ("git", "-C", str(place), "rev-parse", "HEAD"),  # noqa: S607 - the user's git
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main(sys.argv[1:])
