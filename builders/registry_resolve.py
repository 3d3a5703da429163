"""From the image that a rebuild would best run in to exactly one, by digest; asked once."""

import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime

from builders.image_archive import ENGINE_ARCHITECTURES
from builders.manylinux import PreferredImage
from builders.recipe import digest_of
from builders.registry import DIGEST, TAG, Registry, RegistryFault, digest_of_bytes, read_object
from builders.registry_manifest import chosen_manifest, read_configuration, read_manifest
from builders.registry_tags import newest_tag
from builders.store import Store

KIND = "registry-answers"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """What a registry had: a tag, and the digest of the manifest that it led to."""

    tag: str
    digest: str


def resolve(registry: Registry, wanted: PreferredImage, store: Store) -> Resolution:
    """The newest image that is not too new, for this machine; kept, as the past does not change.

    Raises:
        RegistryFault: the registry cannot be asked, or has no such image.
        StoreError: the cache cannot be written.
    """
    if kept := kept_resolution(registry, wanted, store):
        return kept
    found = _asked(registry, wanted)
    # Of today there may be a newer one in an hour.
    if wanted.not_after < datetime.now(UTC).date():
        text = json.dumps({"tag": found.tag, "digest": found.digest})
        store.remember(KIND, _key(registry, wanted), text)
    return found


def kept_resolution(registry: Registry, wanted: PreferredImage, store: Store) -> Resolution | None:
    """What an earlier run was told; None where none asked."""
    text = store.recall(KIND, _key(registry, wanted))
    try:
        kept = read_object((text or "").encode())
    except RegistryFault:
        return None
    tag, digest = str(kept.get("tag")), str(kept.get("digest"))
    if TAG.fullmatch(tag) is None or DIGEST.fullmatch(digest) is None:
        return None
    return Resolution(tag=tag, digest=digest)


def _key(registry: Registry, wanted: PreferredImage) -> str:
    return digest_of(
        {
            "registry": str(registry.name),
            "repository": wanted.repository,
            "not_after": wanted.not_after.isoformat(),
            "tags": list(wanted.tags),
            "architecture": architecture(),
        }
    )


def _asked(registry: Registry, wanted: PreferredImage) -> Resolution:
    repository = wanted.repository
    tag = newest_tag(registry.tags(repository), wanted.tags, wanted.not_after)
    if tag is None:
        raise RegistryFault(
            f"{registry.name} has no image {repository} of {wanted.not_after} or before"
        )
    manifest = registry.manifest(repository, tag)
    chosen = chosen_manifest(manifest, architecture())
    if chosen is not None:
        manifest = registry.manifest(repository, chosen)
    blob = read_manifest(manifest).configuration
    configuration = read_configuration(registry.small_blob(repository, blob.digest, blob.size))
    refuse_other_machines(configuration.system, configuration.architecture)
    return Resolution(tag=tag, digest=digest_of_bytes(manifest))


def refuse_other_machines(system: str, machine: str) -> None:
    """Refuse an image that cannot run here.

    Raises:
        RegistryFault: it is such a one.
    """
    if (system, machine) != ("linux", architecture()):
        raise RegistryFault(
            f"the image is for {system[:20]}/{machine[:20]}, not for linux/{architecture()}"
        )


def architecture() -> str:
    """This machine's architecture in Go's words."""
    return ENGINE_ARCHITECTURES.get(platform.machine(), platform.machine())
