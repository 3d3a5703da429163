"""`truewheel policy`: what decides beside the verdict, and why."""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from reports.as_json import dump
from reports.policy_json import policy_document
from verify.cli.chosen_policy import chosen_policy
from verify.cli.console import result_console
from verify.cli.exits import Exit
from verify.cli.options import Output, output_options
from verify.errors import UsageFault
from verify.policy.explain import Asked, explain
from verify.subject import parse_requirements

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@click.group("policy")
def command() -> None:
    """Show what a wheel has to be to be trusted here."""


@command.command("explain")
@click.argument("requirements", nargs=-1, metavar="[REQ]...")
@click.option(
    "--wheel-file",
    "wheels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A wheel on disk; may be given more than once.",
)
@click.option(
    "--sha256",
    "hashes",
    metavar="HASH",
    multiple=True,
    help="A wheel by its hash: the one that REQ means, if there is one REQ.",
)
@output_options
def explain_command(
    *,
    requirements: tuple[str, ...],
    wheels: tuple[Path, ...],
    hashes: tuple[str, ...],
    output: Output,
) -> Exit:
    """Show where the policy comes from, its settings and waivers, and what applies to a wheel.

    REQ is NAME==VERSION, or NAME for what holds for all versions. Nothing is fetched and nothing is
    judged. Waivers that are for none of the wheels asked about are reported as unused.
    """
    asked = _asked(parse_requirements(requirements), wheels, [_sha256(text) for text in hashes])
    explanation = explain(chosen_policy(), asked, datetime.now(UTC).date())
    if output.as_json:
        click.echo(dump(policy_document(explanation)))
        return Exit.TRUSTED
    from reports.policy_terminal import render_policy  # noqa: PLC0415 - JSON does without rich

    render_policy(explanation, result_console(output), verbose=output.verbose)
    return Exit.TRUSTED


def _asked(
    requirements: tuple[Requirement, ...], wheels: Iterable[Path], hashes: list[str]
) -> tuple[Asked, ...]:
    named = [_by_requirement(requirement, None) for requirement in requirements]
    if len(requirements) == 1 and hashes:
        named = [_by_requirement(requirements[0], sha256) for sha256 in hashes]
    elif hashes:
        named += [Asked(text=f"sha256 {sha256}", sha256=sha256) for sha256 in hashes]
    return (*named, *map(_by_file, wheels))


def _by_requirement(requirement: Requirement, sha256: str | None) -> Asked:
    version = _pinned(requirement)
    if requirement.specifier and version is None:
        raise UsageFault(
            f"{requirement} pins no version, and the policy may differ between versions",
            hint="write NAME==VERSION, or NAME for what holds for all versions",
        )
    return Asked(
        text=f"{requirement} sha256 {sha256}" if sha256 else str(requirement),
        project=canonicalize_name(requirement.name),
        version=version,
        sha256=sha256,
    )


def _pinned(requirement: Requirement) -> Version | None:
    """The one version that a requirement allows, None if it leaves a choice."""
    pins = [one for one in requirement.specifier if one.operator == "=="]
    if len(requirement.specifier) != 1 or not pins or pins[0].version.endswith(".*"):
        return None
    return Version(pins[0].version)


def _by_file(path: Path) -> Asked:
    try:
        project, version, _build, _tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        hint = "keep the name it was published with"
        raise UsageFault(f"{path.name} is no wheel's file name: {error}", hint=hint) from error
    try:
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UsageFault(f"cannot read {path}: {error.strerror}") from error
    return Asked(text=path.name, project=project, version=version, sha256=sha256)


def _sha256(text: str) -> str:
    digits = text.removeprefix("sha256:")
    if not _SHA256.fullmatch(digits):
        raise UsageFault(f"{text!r} is no sha256", hint="64 hexadecimal digits")
    return digits.lower()
