"""The rules version changes with the code, and with nothing else."""

import shutil
from pathlib import Path

import pytest

from verify.ledger.interface import LedgerFault
from verify.ledger.rules import PACKAGES, ROOT, digest_of_code, rules_version


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, since others may be at work in this one."""
    root = tmp_path_factory.mktemp("checkout")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return root


CHANGES = (
    "verify/rules/registry.py",
    "verify/compare/decide.py",
    "verify/native/code.py",
    "builders/search/search.py",
    "builders/knowledge/pythons.toml",
    "builders/runtime/landing-pads/crti.s",
    "containers/images.toml",
)


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_byte_changes_the_version(checkout: Path, name: str) -> None:
    before, path = digest_of_code(checkout), checkout / name
    content = path.read_bytes()
    path.write_bytes(content + b"\n")
    changed = digest_of_code(checkout)
    path.write_bytes(content)
    assert (changed != before, digest_of_code(checkout)) == (True, before)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_new_file_and_a_renamed_one_change_the_version(checkout: Path, package: str) -> None:
    seen = {digest_of_code(checkout)}
    path = checkout / package / "new_rule.py"
    path.touch()
    seen.add(digest_of_code(checkout))
    path = path.rename(path.with_name("newer_rule.py"))
    seen.add(digest_of_code(checkout))
    path.unlink()
    assert len(seen) == 3


def test_bytecode_and_places_do_not_count(checkout: Path, tmp_path: Path) -> None:
    before = digest_of_code(checkout)
    cache = checkout / "verify" / "__pycache__"
    cache.mkdir()
    (cache / "check.cpython-311.pyc").write_bytes(b"x")
    assert digest_of_code(checkout) == before
    copy = shutil.copytree(checkout, tmp_path / "elsewhere")
    assert digest_of_code(copy) == before


def test_code_without_sources_has_no_version(tmp_path: Path) -> None:
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "data.toml").touch()
    with pytest.raises(LedgerFault, match="not where it should be"):
        digest_of_code(tmp_path)


def test_the_version_is_that_of_the_running_code() -> None:
    assert len(rules_version()) == 64
    assert Path(digest_of_code.__code__.co_filename) == ROOT / "verify" / "ledger" / "rules.py"
