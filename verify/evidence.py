"""Evidence: what a person may want to look at long after a verdict, kept in a folder or a bucket.

Of every wheel that is judged: the wheel that was rebuilt, the log of its build, and all that was
found out. Names are made of the content, so that many machines may write to one place, and nobody
overwrites what somebody else relies on. Nothing is ever deleted.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from verify.drafts import new_file
from verify.errors import TruewheelError, UsageFault
from verify.ledger.typed import to_json
from verify.results import Evidence, EvidenceKind, Judgement

SUFFIXES = {
    EvidenceKind.REBUILD: ".whl",
    EvidenceKind.LOG: ".log",
    EvidenceKind.JUDGEMENT: ".json",
}
LOCAL = frozenset({"file", "local"})

WHOLE = frozenset({"abfs", "az", "gcs", "gs", "memory", "s3", "s3a"})
"""Where an object appears whole or not at all; elsewhere a file is written, then renamed."""


class EvidenceFault(TruewheelError):  # noqa: N818 - the axis' root, not one concrete error
    """Evidence cannot be kept where it was asked for."""


class EvidenceStore:
    """A place for evidence; nothing is asked of it before there is something to keep.

    Args:
        where: a folder, or the URL of one as fsspec takes it; who may write there is up to its
            own configuration, and what a URL says of that is never shown.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self.shown = shown(where)

    def keep(self, judgement: Judgement, rebuilt: Path | None, log: str | None) -> list[Evidence]:
        """Keep what there is of one wheel, and tell where; what is there already is only told.

        Args:
            judgement: what was found out, now or by an earlier check.
            rebuilt: the wheel of the best attempt, None where there was none now.
            log: that of its build.

        Raises:
            EvidenceFault: it cannot be kept.
        """
        text = json.dumps(to_json(judgement), sort_keys=True, indent=1, ensure_ascii=True)
        kept = [self._put(EvidenceKind.JUDGEMENT, text.encode("ascii"))]
        if rebuilt is not None:
            kept.append(self._put(EvidenceKind.REBUILD, rebuilt.read_bytes()))
        elif judgement.diff is not None:
            file = judgement.diff.rebuilt
            kept += self._found(EvidenceKind.REBUILD, file.sha256, file.size)
        if log is not None:
            kept.append(self._put(EvidenceKind.LOG, log.encode("utf-8", "backslashreplace")))
        return kept

    def _put(self, kind: EvidenceKind, data: bytes) -> Evidence:
        told = _evidence(kind, hashlib.sha256(data).hexdigest(), len(data))
        with self._telling():
            if not self._is_there(told):
                self._write(told.path, data)
        return told

    def _found(self, kind: EvidenceKind, sha256: str, size: int) -> Iterator[Evidence]:
        told = _evidence(kind, sha256, size)
        with self._telling():
            if self._is_there(told):
                yield told

    def _is_there(self, told: Evidence) -> bool:
        system, root = self._opened
        with suppress(FileNotFoundError):
            return bool(system.size(f"{root}/{told.path}") == told.size)
        return False

    def _write(self, path: str, data: bytes) -> None:
        system, root = self._opened
        target = f"{root}/{path}"
        protocols = {system.protocol} if isinstance(system.protocol, str) else {*system.protocol}
        if protocols & LOCAL:
            _write_file(Path(target), data)
        elif protocols & WHOLE:
            system.pipe_file(target, data)
        else:
            system.makedirs(target.rpartition("/")[0], exist_ok=True)
            draft = f"{target}.draft-{os.getpid()}"
            system.pipe_file(draft, data)
            system.mv(draft, target)

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        """The file system, and the folder in it."""
        import fsspec  # noqa: PLC0415 - nobody else waits for it

        system, root = fsspec.core.url_to_fs(self._where)
        return system, root.rstrip("/")

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except ImportError as error:
            raise EvidenceFault(
                f"evidence in {self.shown} needs a Python package that is not installed",
                hint='install "truewheel[s3]" or "truewheel[gcs]", or what fsspec names for it',
            ) from error
        except ValueError as error:
            raise UsageFault(
                f"evidence cannot be kept in {self.shown}: fsspec knows no such place",
                hint="give a folder, or a URL like s3://BUCKET/FOLDER",
            ) from error
        except Exception as error:
            # Every back end has errors of its own, whose words may repeat a secret.
            why = error.strerror if isinstance(error, OSError) else None
            raise EvidenceFault(
                f"evidence cannot be kept in {self.shown}: {why or type(error).__name__}",
                hint="make room, check permissions, or go without --evidence",
            ) from error


def evidence_place(text: str) -> str:
    """Where a person's `--evidence` means: a URL as it is, a folder from where they are."""
    return text if "://" in text else str(Path(text).absolute())


def shown(where: str) -> str:
    """A place without what its URL may say of passwords and tokens."""
    if "://" not in where:
        return where
    url = urlsplit(where)
    place = url.netloc.rpartition("@")[2]
    return urlunsplit((url.scheme, place, url.path, "", ""))


def _evidence(kind: EvidenceKind, sha256: str, size: int) -> Evidence:
    path = f"{kind.value}/{sha256[:2]}/{sha256}{SUFFIXES[kind]}"
    return Evidence(kind=kind, path=path, sha256=sha256, size=size)


def _write_file(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_file(target, prefix=".draft-", suffix="") as stream:
        stream.write(data)
