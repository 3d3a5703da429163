from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.errors import BuildFault
from builders.resolve import Question, SourceOnlyError, UvIndexes, UvResolver, _failure
from builders.store import Store, StoreError
from builders.uv import UvRun
from verify.index.interface import IndexFile, IndexUnreachableError, Project, Sha256

PAST = datetime(2024, 5, 1, tzinfo=UTC)

NO_SOLUTION = "error: No solution found when resolving dependencies\n  cause: Because x is not"
UNREACHABLE = """\
error: Failed to fetch: http://example.org/simple/x/
  cause: error sending request for url (http://example.org/simple/x/)
"""


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        (UNREACHABLE, IndexUnreachableError),
        ("error: Request failed after 3 retries\n", IndexUnreachableError),
        (
            "error: Received some unexpected HTML from `http://example.org/x/`",
            IndexUnreachableError,
        ),
        (
            f"{NO_SOLUTION}\n\nhint: Packages were unavailable because the network was disabled.",
            IndexUnreachableError,
        ),
        ("error: x\n  cause: No space left on device (os error 28)\n", StoreError),
        (
            'error: x\n  cause: Read-only file system (os error 30) at path "/c/uv/.tmp1"\n',
            StoreError,
        ),
        (NO_SOLUTION, BuildFault),
        ("error: Couldn't parse requirement in `requirements.in` at position 0\n", BuildFault),
        ("error: Failed to read `x @ file:///x-1.0-py3-none-any.whl`\n", BuildFault),
        ("", BuildFault),
        (
            "error: Wheels are required for `some-thing` because building is disabled",
            SourceOnlyError,
        ),
    ],
)
def test_the_indexs_failures_are_told_from_the_requirements(
    stderr: str, expected: type[Exception]
) -> None:
    assert type(_failure(UvRun(succeeded=False, output="", errors=stderr))) is expected


def test_what_cannot_be_resolved_is_told_of_the_build() -> None:
    stderr = (
        "error: No solution found when resolving dependencies\n"
        "  cause: Because only tool<0.1 is available and you require tool>=0.1, we can conclude"
        " that your requirements are unsatisfiable.\n"
    )
    assert str(_failure(UvRun(succeeded=False, output="", errors=stderr))) == (
        "no build environment as of that day: because only tool<0.1 is available and the build"
        " requires tool>=0.1; another index that has it can be named with --extra-index-url"
    )


def test_of_several_projects_that_one_without_any_wheel_is_built_from_source() -> None:
    """uv names first what was asked for, whose newest releases have wheels."""
    stderr = (
        "error: No solution found when resolving dependencies\n"
        "  cause: Because app<=2.1 has no usable wheels, we can conclude (1)\n"
        "         Because all versions of deep-part have no usable wheels and app>=2.2 depends on\n"
        "         deep-part, we can conclude that your requirements are unsatisfiable.\n\n"
        "hint: Wheels are required for `app` because building from source is disabled\n\n"
        "hint: Wheels are required for `deep-part` because building from source is disabled\n"
    )
    failures = [_failure(UvRun(succeeded=False, output="", errors=text))
                for text in (stderr, stderr.replace("all versions of", ""))]  # fmt: skip
    names = [failure.name for failure in failures if isinstance(failure, SourceOnlyError)]
    assert names == ["deep-part", "app"]


def test_quoted_text_does_not_pass_for_a_failure_of_the_index() -> None:
    stderr = (
        "error: Couldn't parse metadata of x\n"
        "  cause: expected a name\n"
        "         error: Failed to fetch: http://example.org\n"
        "           cause: error sending request for url; network was disabled\n"
    )
    assert type(_failure(UvRun(succeeded=False, output="", errors=stderr))) is BuildFault


class NoIndex:
    """An index that a resolution for Python 3 does not ask."""

    def project(self, name: str) -> Project:
        raise AssertionError(f"{name} was asked for")

    def fetch(self, file: IndexFile) -> Path:
        raise AssertionError(f"{file.filename} was asked for")

    def served_metadata(self, file: IndexFile) -> tuple[Sha256, ...]:
        raise AssertionError(f"{file.filename} was asked for")

    def provenance(self, file: IndexFile) -> Path | None:
        raise AssertionError(f"{file.filename} was asked for")


def resolver(folder: Path, *, offline: bool = False) -> UvResolver:
    """With an index that nobody listens at; a resolution of nothing asks no index."""
    arguments = ("--no-config", "--default-index", "http://127.0.0.1:1/simple")
    return UvResolver(
        UvIndexes(arguments=arguments, environment={}),
        Store(folder),
        index=NoIndex(),
        offline=offline,
    )


def question(as_of: datetime) -> Question:
    return Question(requirements=(), constraints=(), as_of=as_of, python=(3, 11))


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "resolutions").glob("*"))


def test_only_what_cannot_change_any_more_is_kept(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for as_of in (now, now + timedelta(days=1)):
        assert resolver(tmp_path).resolve(question(as_of)) == ()
    assert resolver(tmp_path, offline=True).resolve(question(PAST)) == ()
    assert kept(tmp_path) == []
    assert resolver(tmp_path).resolve(question(PAST)) == ()
    assert len(kept(tmp_path)) == 1


@pytest.mark.parametrize("damage", [b"", b"\xff", b"lock-version = 5"])
def test_a_damaged_resolution_is_asked_again(damage: bytes, tmp_path: Path) -> None:
    resolver(tmp_path).resolve(question(PAST))
    (path,) = kept(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(damage)
    assert resolver(tmp_path).resolve(question(PAST)) == ()
    assert path.read_bytes() == whole
