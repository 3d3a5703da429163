"""Real sandboxes: bubblewrap on this machine, and containers in a real engine.

Where no engine answers, a private one is started with its data below `.truewheel/` of the
checkout, so that the image is built once, and ended with the tests.
"""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from builders.definition import definition
from builders.images import BuiltImage, build_image
from builders.interpreters import host_interpreters
from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.sandbox.docker import DockerSandbox
from builders.sandbox.docker_client import connect
from builders.sandbox.interface import Sandbox
from builders.sandbox.verified import verified
from containers.engine import engine
from verify.events import silent

KEPT = Path(__file__).resolve().parents[2] / ".truewheel"


@pytest.fixture(scope="session")
def kept_cache() -> Path:
    """A cache that outlives the tests: it holds what takes a minute to make."""
    return KEPT / "cache"


@pytest.fixture(scope="session")
def engine_client() -> Iterator[docker.DockerClient]:
    with engine(KEPT / "engine") as host, pytest.MonkeyPatch.context() as patch:
        if host:
            patch.setenv("DOCKER_HOST", host)
        client = connect()
        yield client
        client.close()


@pytest.fixture(scope="session")
def image(engine_client: docker.DockerClient, kept_cache: Path) -> BuiltImage:
    return build_image(engine_client, definition(), cache_root=kept_cache, listener=silent)


@pytest.fixture(scope="session")
def docker_sandbox(
    engine_client: docker.DockerClient, image: BuiltImage, kept_cache: Path
) -> DockerSandbox:
    bare = DockerSandbox(client=engine_client, image_id=image.image_id)
    mounted = [python for python in host_interpreters(kept_cache) if python.mounts]
    available = verified(bare, [*mounted, *image.interpreters], kept_cache)
    return DockerSandbox(client=engine_client, image_id=image.image_id, available=available)


@pytest.fixture(scope="session")
def bubblewrap_sandbox(kept_cache: Path) -> BubblewrapSandbox:
    available = verified(BubblewrapSandbox(), host_interpreters(kept_cache), kept_cache)
    return BubblewrapSandbox(available=available)


@pytest.fixture(scope="session")
def polling_sandbox(bubblewrap_sandbox: BubblewrapSandbox) -> BubblewrapSandbox:
    """bubblewrap as on a machine where no control group can be made."""
    return BubblewrapSandbox(available=bubblewrap_sandbox.available, control_groups=False)


@pytest.fixture(params=["bubblewrap", "docker"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each sandbox in turn."""
    found: Sandbox = request.getfixturevalue(f"{request.param}_sandbox")
    return found


@pytest.fixture(params=["bubblewrap", "polling", "docker"])
def bounded(request: pytest.FixtureRequest) -> Sandbox:
    """Each sandbox in turn, with both ways in which bubblewrap bounds a process tree."""
    found: Sandbox = request.getfixturevalue(f"{request.param}_sandbox")
    return found


@pytest.fixture(params=["bubblewrap", "docker"])
def sandbox_name(request: pytest.FixtureRequest) -> str:
    """The name of each sandbox in turn, made ready for commands that open it themselves."""
    name: str = request.param
    if name == "docker":
        request.getfixturevalue("image")
    return name


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the commands of a whole run, new in each run."""
    return tmp_path_factory.mktemp("cache")
