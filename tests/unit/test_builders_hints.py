"""What a published wheel says about how it was built."""

from pathlib import Path

from builders.hints import read_hints
from tests.support.wheels import entries, honest_files, pack, wheel_file, with_record, write


def test_what_copies_of_other_projects_say_is_not_asked(tmp_path: Path) -> None:
    copied = {"example/vendored/other-1.0.dist-info/WHEEL": wheel_file().replace(b"test", b"other")}
    alone, beside = (
        write(tmp_path / str(at), pack(entries(with_record(honest_files(more)))))
        for at, more in enumerate(({}, copied))
    )
    generator = read_hints(alone).generator
    assert generator is not None
    assert read_hints(beside).generator == generator


def test_of_two_dist_info_directories_none_is_asked(tmp_path: Path) -> None:
    files = honest_files({"other-1.0.dist-info/WHEEL": wheel_file()})
    assert read_hints(write(tmp_path, pack(entries(with_record(files))))).generator is None
