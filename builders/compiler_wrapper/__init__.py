"""Runs inside the sandbox in place of gcc and g++: code is generated as a recipe says.

What an interpreter was built with is in its sysconfig, and from there it comes into every extension
module. The published wheel was compiled by another interpreter of that version, with other flags; a
recipe has them. So this drops the flags that choose how code is generated, puts in the recipe's for
that source, and leaves all others to the source's own build. A link does not bring in the place
where the interpreter's library lies, nor the library: extension modules of interpreters that are
linked statically are linked without.

Python 2.7 and 3.5 must be able to run every module here, as the driver.
"""
