"""One fuzzing process: `python -m tests.fuzz.worker TARGET DIRECTORY [options of libFuzzer]`."""

import sys
from pathlib import Path

import atheris


def main() -> None:
    """Fuzz one target until libFuzzer's options end it; a broken law ends it at once."""
    name, directory, *options = sys.argv[1:]
    # Coverage steers the fuzzer through the product, not through the laws or libraries.
    with atheris.instrument_imports(include=["verify", "reports"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - instrumented while imported
    target, scratch = TARGETS[name], Path(directory)

    def once(data: bytes) -> None:
        target(data, scratch)

    atheris.Setup([sys.argv[0], *options], once)
    atheris.Fuzz()


main()
