"""The tools of a check, wired once from the person's choices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from builders.errors import BuildFault, FailureCode
from builders.recipe import Recipe, digest_of
from builders.registry import RegistryName
from builders.sandbox.interface import Limits, Sandbox, SandboxFault
from builders.store import Store
from verify.events import Listener, Notice
from verify.index.cache import FileCache
from verify.index.client import SimpleIndex, open_index
from verify.index.config import IndexConfig, load_config, uv_arguments, uv_environment
from verify.index.interface import HashMismatchError, IndexFile, Sha256
from verify.ledger.interface import Effort
from verify.ledger.memory import Circumstances, Memory
from verify.policy.defaults import UNSAFE_SANDBOX
from verify.policy.model import DEFAULT_POLICY, Policy
from verify.results import PolicyId
from verify.subject import NO_URL

if TYPE_CHECKING:
    from builders.compilers import Toolchain
    from builders.planner import Planner
    from builders.rebuild import Rebuilder
    from builders.registry_images import RegistryImages
    from builders.search.probe import Prober
    from builders.static_libraries import Library
    from verify.evidence import EvidenceStore
    from verify.explaining.folder import ReportFolder


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """A person's choices.

    Attributes:
        sandbox: `auto`, `docker`, `bubblewrap` or `unsafe-host`.
        cache_root: where everything fetched and built is kept.
        fresh: build again what an earlier run remembers.
        recipe: what the search starts from, None for the hints.
        attempts: rebuilds that are tried at most for one wheel.
        search_seconds: after which no further one is begun.
        reports: the folder for diffoscope's reports, None where nobody asked for them.
        evidence: the folder or URL for what is kept of each wheel, None for nothing.
        ledger: a file or a database's URL that verdicts are remembered in, None for nowhere.
        policy: what decides beside the verdict.
        image_registry: where published build images are pulled from, None for not at all.
        today: the day in UTC on which waivers are looked at, None for the clock's.
    """

    sandbox: str
    cache_root: Path
    index_url: str | None = None
    extra_index_urls: Sequence[str] = ()
    offline: bool = False
    fresh: bool = False
    reports: Path | None = None
    evidence: str | None = None
    ledger: str | None = None
    recipe: Recipe | None = None
    attempts: int = 8
    search_seconds: float = 600.0
    policy: Policy = DEFAULT_POLICY
    today: date | None = None
    image_registry: RegistryName | None = None
    limits: Limits
    environ: tuple[tuple[str, str], ...]
    cwd: Path


class Workbench:
    """Index, sandbox and builders; each is imported and opened when first needed.

    What is remembered needs no builder, and importing them takes longer than recalling it.
    """

    def __init__(self, settings: Settings, listener: Listener) -> None:
        self.settings = settings
        self.listener = listener
        self._toolchains: dict[str, Toolchain | BuildFault] = {}

    @cached_property
    def config(self) -> IndexConfig:
        """The configured indexes."""
        return load_config(
            index_url=self.settings.index_url,
            extra_index_urls=self.settings.extra_index_urls,
            environ=dict(self.settings.environ),
            cwd=self.settings.cwd,
        )

    def require_config(self) -> None:
        """Read now which indexes to ask, for work that begins elsewhere.

        Raises:
            TruewheelError: the options or the configuration name none that can be asked.
        """
        _ = self.config

    @cached_property
    def today(self) -> date:
        """The day in UTC; one run decides everything on one day."""
        return self.settings.today or datetime.now(UTC).date()

    @cached_property
    def policy_id(self) -> PolicyId:
        """Which policy decides, as every result names it."""
        policy = self.settings.policy
        return PolicyId(digest=policy.digest, source=policy.source)

    @cached_property
    def index(self) -> SimpleIndex:
        """The configured indexes, seen as one."""
        return open_index(
            self.config,
            cache_root=self.settings.cache_root,
            offline=self.settings.offline,
            listener=self.listener,
        )

    @cached_property
    def cache(self) -> FileCache:
        """Every fetched file, by hash."""
        return FileCache(self.settings.cache_root)

    def obtain(self, file: IndexFile) -> Path:
        """A file's bytes, in the cache: a local file was put there, any other is fetched.

        Raises:
            IndexFault: it cannot be fetched, or is not what the index promised.
        """
        if file.url != NO_URL or file.sha256 is None:
            return self.index.fetch(file)
        path = self.cache.find(file.sha256, file.filename)
        if path is None:
            raise HashMismatchError(f"{file.filename} vanished from the cache meanwhile")
        return path

    def served_metadata(self, wheel: IndexFile) -> tuple[Sha256, ...]:
        """The sha256 of each METADATA that indexes serve for a wheel, none for a local file.

        Raises:
            IndexFault: one that is listed without a hash cannot be fetched.
        """
        return () if wheel.url == NO_URL else self.index.served_metadata(wheel)

    @cached_property
    def sandbox(self) -> Sandbox:
        """Where builds run."""
        from builders.sandbox.select import open_sandbox  # noqa: PLC0415 - see the class

        return open_sandbox(
            self.settings.sandbox, cache_root=self.settings.cache_root, listener=self.listener
        )

    def open_sandbox(self) -> None:
        """Open the sandbox now, if no earlier wheel did.

        Raises:
            SandboxFault: none works here.
        """
        _ = self.sandbox

    @cached_property
    def rebuilder(self) -> "Rebuilder":
        """From recipes to rebuilds."""
        from builders.rebuild import Rebuilder  # noqa: PLC0415 - see the class
        from verify.gather import IndexGatherer  # noqa: PLC0415 - see the class

        gatherer = IndexGatherer(self.cache, self.index)
        return Rebuilder(
            self.sandbox,
            gatherer,
            self._store,
            self.settings.limits,
            self.open_toolchain,
            self.images,
            self.open_library,
        )

    @cached_property
    def images(self) -> "RegistryImages":
        """The published images that builds may run in."""
        from builders.registry_images import RegistryImages  # noqa: PLC0415 - see the class

        return RegistryImages(
            self.settings.image_registry,
            sandbox=self.sandbox,
            cache_root=self.settings.cache_root,
            listener=self.listener,
            offline=self.settings.offline,
        )

    def open_library(self, name: str) -> "Library":
        """The source of a library that wheels have inside.

        Raises:
            BuildFault: it is not to be had here.
        """
        from builders.static_libraries import open_library  # noqa: PLC0415 - few wheels need one

        try:
            return open_library(
                name,
                cache_root=self.settings.cache_root,
                listener=self.listener,
                offline=self.settings.offline,
            )
        except SandboxFault as fault:
            message = f"the source of the library {name} is not to be had here: {fault.message}"
            raise BuildFault(message, code=FailureCode.UNSUPPORTED) from fault

    def open_toolchain(self, name: str) -> "Toolchain":
        """The compilers of a name, made if need be.

        Raises:
            BuildFault: they are not to be had here, which is tried once.
            StoreError: the cache cannot be written.
        """
        if name not in self._toolchains:
            self._toolchains[name] = self._open_toolchain(name)
        found = self._toolchains[name]
        if isinstance(found, BuildFault):
            raise found
        return found

    def _open_toolchain(self, name: str) -> "Toolchain | BuildFault":
        from builders.toolchains import open_toolchain  # noqa: PLC0415 - few wheels need one

        try:
            return open_toolchain(
                name,
                cache_root=self.settings.cache_root,
                listener=self.listener,
                offline=self.settings.offline,
            )
        except SandboxFault as fault:
            self.listener(Notice(message=f"no toolchain {name}: {fault.message}"))
            told = (
                f"the toolchain {name}, which the wheel's compiler asks for, is not to be had here"
            )
            todo = f"; {fault.hint}" if fault.hint else ""
            return BuildFault(f"{told}: {fault.message}{todo}", code=FailureCode.UNSUPPORTED)

    @cached_property
    def planner(self) -> "Planner":
        """From hints to recipes."""
        from builders.planner import Planner  # noqa: PLC0415 - see the class
        from builders.resolve import UvIndexes, UvResolver  # noqa: PLC0415 - see the class

        indexes = UvIndexes(
            arguments=tuple(uv_arguments(self.config)), environment=uv_environment(self.config)
        )
        return Planner(
            sandbox=self.sandbox,
            resolver=UvResolver(
                indexes, self._store, index=self.index, offline=self.settings.offline
            ),
            rebuilder=self.rebuilder,
            index=self.index,
            store=self._store,
        )

    @cached_property
    def prober(self) -> "Prober":
        """Which backend wrote some metadata."""
        from builders.search.probe import Prober  # noqa: PLC0415 - see the class
        from builders.search.releases import Releases  # noqa: PLC0415 - see the class

        return Prober(self.rebuilder, Releases(self.index), self._store)

    @cached_property
    def reports(self) -> "ReportFolder | None":
        """Where differences are explained to a person, if that was asked for."""
        if self.settings.reports is None:
            return None
        from verify.explaining.explainer import Explainer  # noqa: PLC0415 - see the class
        from verify.explaining.folder import ReportFolder  # noqa: PLC0415 - see the class

        explainer = Explainer(
            choice=self.settings.sandbox,
            cache_root=self.settings.cache_root,
            listener=self.listener,
            offline=self.settings.offline,
        )
        return ReportFolder(folder=self.settings.reports, explainer=explainer)

    @cached_property
    def evidence(self) -> "EvidenceStore | None":
        """Where evidence is kept, if that was asked for."""
        if self.settings.evidence is None:
            return None
        from verify.evidence import EvidenceStore  # noqa: PLC0415 - see the class

        return EvidenceStore(self.settings.evidence)

    @cached_property
    def memory(self) -> Memory | None:
        """What earlier checks found out, None where nothing is to be remembered."""
        settings = self.settings
        if settings.ledger is None:
            return None
        circumstances = Circumstances(
            indexes=digest_of([*uv_arguments(self.config), *self._registry_words()]),
            recipe=settings.recipe.digest if settings.recipe else None,
            confined=settings.sandbox != UNSAFE_SANDBOX,
            effort=Effort(
                attempts=settings.attempts,
                search_seconds=settings.search_seconds,
                build_seconds=settings.limits.wall_seconds,
                memory_bytes=settings.limits.memory_bytes,
                offline=settings.offline,
            ),
        )
        # A report on what differs needs the rebuilt wheel.
        asks = not settings.fresh and settings.reports is None
        return Memory(settings.ledger, circumstances, asks=asks, listener=self.listener)

    def _registry_words(self) -> list[str]:
        """What a verdict depends on beside the indexes: another root is another rebuild."""
        registry = self.settings.image_registry
        return [f"--image-registry={registry}"] if registry else []

    def warm(self) -> None:
        """Import what recalling takes, for who has to wait for something else in the meantime."""
        if self.settings.ledger is not None:
            import verify.ledger.store  # noqa: F401, PLC0415 - a third of the start-up of a check

    def begin_run(self, inputs: Sequence[str]) -> None:
        """A run begins, for these inputs."""
        if self.memory is not None:
            self.memory.begin(inputs)

    def end_run(self) -> None:
        """The run came to its end."""
        if self.memory is not None:
            self.memory.end()

    def close(self) -> None:
        """Let go of what is open; nothing is to be asked of the bench any more."""
        if self.__dict__.get("memory") is not None:
            self.__dict__["memory"].close()

    @cached_property
    def _store(self) -> Store:
        return Store(self.settings.cache_root)
