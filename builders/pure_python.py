"""Setuptools without the extension modules of a source; runs inside the sandbox.

Many projects have an extension module that they can do without, and publish a wheel for every
platform beside the native ones, made where nothing compiles (PyPy, a machine without a compiler, a
variable of their own). Which of these it was does not show; what they have in common is a
distribution without `ext_modules`. Run with `exec` before the backend is imported, by Python 2.7 or
3.4 and newer.
"""

from setuptools.dist import Distribution  # type: ignore[import-untyped]  # not of this environment

_plain_init = Distribution.__init__


def _init(self, attrs=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as setuptools has it
    attrs = dict(attrs or {})
    attrs.pop("ext_modules", None)
    _plain_init(self, attrs)


Distribution.__init__ = _init
