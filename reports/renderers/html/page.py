"""The templates' environment: everything that is put into a page is escaped and made visible.

A page forbids all that it does not bring itself: its policy (CSP level 3) names its one style sheet
and its one script by hash, so that nothing that slipped through could run, load or send anything.
"""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from reports.printable import printable
from reports.renderers.html.rows import diff_rows, instruction_rows

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_WHEEL = re.compile(r"([^-]+-[^-]+)(-.+[.]whl)", re.DOTALL)
_PARTS = re.compile(r"(?<=[._])(?=[^._])")
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


def fill(template: str, script: str, /, **values: object) -> bytes:
    """A page with its own copy of the style sheet and of a script.

    Args:
        template: its name among the templates.
        script: the same of the script.
        values: what the template speaks of.
    """
    from markupsafe import Markup  # noqa: PLC0415 - only pages need it

    style, code = _asset("style.css"), _asset(script)
    text = (
        _environment()
        .get_template(template)
        .render(
            csp=_policy(style, code),
            style=Markup(style),  # noqa: S704 - ours
            script=Markup(code),  # noqa: S704 - ours
            **values,
        )
    )
    return text.encode()


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - start-up

    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["wheel"] = wheel_name
    environment.filters["diff_rows"] = diff_rows
    environment.filters["instruction_rows"] = instruction_rows
    return environment


def wheel_name(label: str) -> "Markup":
    """A file name that says first what it is of, and that breaks between its parts, if it must."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - only pages need it

    found = _WHEEL.fullmatch(label)
    first, rest = (found[1], found[2]) if found else (label, "")
    parts = Markup("<wbr>").join(escape(printable(part)) for part in _PARTS.split(rest))
    tags = Markup('<span class="tags">{}</span>').format(parts) if rest else Markup()
    return Markup("<b>{}</b>{}").format(printable(first), tags)


def _shown(value: object) -> object:
    """Jinja's last step for each value: what cannot be seen or turns text around is spelled out."""
    # Markup is a str, and made here alone.
    return printable(value) if type(value) is str else value


@cache
def _asset(name: str) -> str:
    """A style sheet or script, without indentation."""
    return _INDENT.sub("", files("reports").joinpath("templates", name).read_text("utf-8"))


def _policy(style: str, script: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
