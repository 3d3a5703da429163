"""The published build images as places to build in: chosen, pulled by digest, looked into, opened.

Where one cannot be had, a toolchain with the same compiler stands in; why is told once, and stands
in the recipe. A recipe that names an image is built in that one or not at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builders.errors import BuildFault, FailureCode
from builders.manylinux import PreferredImage
from builders.recipe import BuildImage, digest_of
from builders.registry import Registry, RegistryFault, RegistryName
from builders.registry_manifest import read_environment
from builders.registry_resolve import kept_resolution, refuse_other_machines, resolve
from builders.sandbox.bwrap_command import Root
from builders.sandbox.inside import QUESTION, Inside, look_inside, name_of, read_inside
from builders.sandbox.interface import Interpreter, Mount, Sandbox, SandboxFault
from builders.store import Store
from verify.events import Listener, Notice

INSIDE = "registry-insides"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageToolchain:
    """The compilers of an image, as `builders.compilers` knows toolchains: nothing to mount."""

    bin: PurePosixPath
    digest: str
    name: str = "image"
    mounts: tuple[Mount, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenImage:
    """An image that builds can run in.

    Attributes:
        repository: its name, without that of a registry.
        tag: what it was chosen by, empty where only the digest is known.
        digest: of its manifest, `sha256:...`.
        sandbox: runs jobs in it.
        inside: what it has.
    """

    repository: str
    tag: str
    digest: str
    sandbox: Sandbox
    inside: Inside

    @property
    def toolchain(self) -> ImageToolchain:
        """Its compilers."""
        return ImageToolchain(bin=self.inside.toolset, digest=self.digest)

    def interpreters(self, abis: Sequence[str]) -> tuple[Interpreter, ...]:
        """See `Inside.interpreters`."""
        return self.inside.interpreters(abis)

    def locked(self, python: Interpreter) -> BuildImage:
        """What a recipe says of it."""
        return BuildImage(
            repository=self.repository, tag=self.tag, digest=self.digest, python=name_of(python)
        )


class RegistryImages:
    """Images of the registry that a person named, if there is one, for one kind of sandbox."""

    def __init__(
        self,
        registry: RegistryName | None,
        *,
        sandbox: Sandbox,
        cache_root: Path,
        listener: Listener,
        offline: bool,
    ) -> None:
        self._registry = Registry(registry) if registry else None
        self._kind = sandbox.name
        self._cache_root = cache_root
        self._store = Store(cache_root)
        self._listener = listener
        self._offline = offline
        self._opened: dict[str, OpenImage] = {}
        self._refused: dict[PreferredImage, str] = {}
        self._told: set[str] = set()

    @property
    def is_asked_for(self) -> bool:
        """Whether a person named a registry."""
        return self._registry is not None

    def chosen(self, wanted: PreferredImage) -> OpenImage:
        """The newest image that is not too new, with the compiler that it should have.

        Raises:
            BuildFault: it is not to be had, which is tried once.
            StoreError: the cache cannot be written.
        """
        if wanted in self._refused:
            raise _fault(self._refused[wanted])
        try:
            return self._chosen(wanted)
        except (RegistryFault, SandboxFault) as error:
            self._refused[wanted] = error.message
            raise _fault(error.message) from error

    def locked(self, image: BuildImage) -> OpenImage:
        """The image that a recipe names.

        Raises:
            BuildFault: it is not to be had here.
            StoreError: the cache cannot be written.
        """
        try:
            return self._open(image.repository, image.tag, image.digest)
        except (RegistryFault, SandboxFault) as error:
            raise _fault(
                f"the recipe is for the image {image.repository}@{image.digest}, which is not to"
                f" be had here: {error.message}"
            ) from error

    def tell(self, wanted: PreferredImage, reason: str) -> None:
        """Say that a toolchain stands in for an image, once for each reason."""
        message = f"not built in {wanted.repository} of {wanted.not_after}: {reason}"
        if message not in self._told:
            self._told.add(message)
            self._listener(Notice(message=message))

    def _chosen(self, wanted: PreferredImage) -> OpenImage:
        if self._registry is None:
            raise RegistryFault("no image registry was named")
        if self._offline:
            found = kept_resolution(self._registry, wanted, self._store)
            if found is None:
                raise RegistryFault("no registry was asked for it yet, which takes the network")
        else:
            found = resolve(self._registry, wanted, self._store)
        image = self._open(wanted.repository, found.tag, found.digest)
        compiler = image.inside.compiler
        if not f"{compiler}.".startswith(f"{wanted.compiler}."):
            raise RegistryFault(
                f"the image {found.tag} has GCC {compiler}, not {wanted.compiler} as it should"
            )
        return image

    def _open(self, repository: str, tag: str, digest: str) -> OpenImage:
        if digest not in self._opened:
            self._opened[digest] = self._pulled(repository, tag, digest)
        return self._opened[digest]

    def _pulled(self, repository: str, tag: str, digest: str) -> OpenImage:
        openers = {"docker": self._in_docker, "bubblewrap": self._in_bubblewrap}
        if self._kind not in openers:
            raise SandboxFault(f"the {self._kind} sandbox runs no images")
        sandbox, inside = openers[self._kind](repository, digest)
        return OpenImage(
            repository=repository, tag=tag, digest=digest, sandbox=sandbox, inside=inside
        )

    def _in_docker(self, repository: str, digest: str) -> tuple[Sandbox, Inside]:
        from builders.images import find_pulled_image, pull_image  # noqa: PLC0415 - the SDK is slow
        from builders.sandbox.docker import DockerSandbox  # noqa: PLC0415 - see above
        from builders.sandbox.docker_client import connect  # noqa: PLC0415 - see above
        from builders.sandbox.pulled import PulledConfig  # noqa: PLC0415 - few wheels need it

        client = connect()
        image = find_pulled_image(client, digest)
        if image is None:
            reference = self._asked().name.reference(repository, digest)
            image = pull_image(client, reference, listener=self._listener)
        refuse_other_machines(image.system, image.machine)
        environment = read_environment([*image.environment])

        def opened(closed: tuple[PurePosixPath, ...]) -> Sandbox:
            return DockerSandbox(
                client=client, image_id=image.image_id, config=PulledConfig(closed=closed)
            )

        return self._looked_into(opened, digest, environment)

    def _in_bubblewrap(self, repository: str, digest: str) -> tuple[Sandbox, Inside]:
        from builders.registry_root import find_pulled_root, pull_root  # noqa: PLC0415 - see below
        from builders.sandbox.bubblewrap import BubblewrapSandbox, host_command  # noqa: PLC0415
        from builders.sandbox.pulled import PulledCommand  # noqa: PLC0415 - few wheels need it

        pulled = find_pulled_root(digest, self._cache_root) or pull_root(
            self._asked(),
            repository,
            digest,
            cache_root=self._cache_root,
            listener=self._listener,
        )
        ours = host_command()

        def opened(closed: tuple[PurePosixPath, ...]) -> Sandbox:
            command = PulledCommand(
                executable=ours.executable,
                privileged=ours.privileged,
                root=Root(path=pulled.root.path, digest=digest),
                hidden=closed,
            )
            return BubblewrapSandbox(command=command)

        return self._looked_into(opened, digest, dict(pulled.environment))

    def _asked(self) -> Registry:
        """The registry, where it may be asked."""
        if self._registry is None:
            raise RegistryFault(
                "it is not on this machine, and no registry was named to get it from"
                " (--image-registry)"
            )
        if self._offline:
            raise RegistryFault("it is not on this machine, and getting it takes the network")
        return self._registry

    def _looked_into(
        self,
        opened: Callable[[tuple[PurePosixPath, ...]], Sandbox],
        digest: str,
        environment: dict[str, str],
    ) -> tuple[Sandbox, Inside]:
        """A sandbox that shows what an image has but for what is released, and what that is."""
        key = digest_of({"kind": self._kind, "image": digest, "question": QUESTION})
        kept = self._store.recall(INSIDE, key)
        text = kept or look_inside(opened(()), environment)
        inside = read_inside(text, environment)
        if kept is None:
            self._store.remember(INSIDE, key, text)
        return opened(inside.closed), inside


def _fault(message: str) -> BuildFault:
    return BuildFault(message, code=FailureCode.UNSUPPORTED)
