"""Files that tools and systems leave in wheels, byte for byte."""

import base64
import zlib

FINDER_STORE = zlib.decompress(
    base64.b85decode(
        b"c-rllF$%*l5Cm^!6@oM>U8>0g@&jS)7vuve@`dzzdN8*TktnH6*a0&FTQ*3byS15NdE75%+02r;?QBC5uMa{u2"
        b"Hzos5JHG!1J?JGmO=<II3EgK>E;IS2Rgpz0Ql71m2PhExj;uc(U~rErJI|F78pLjFM|mMOd%+A)jkR_VshoZ{%_"
        b"y&zYyY|>wH|V>+%W&!$#oNjej)(!G9Lc-CQ*SLL7`INUI8I"
    )
)
"""A `.DS_Store` of a directory that the Finder has nothing to say of: tables, and no record."""

_SITE = "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('google',))"
_PATH = (
    "mp = (m or []) and m.__dict__.setdefault('__path__',[])",
    "(p not in mp) and mp.append(p)\n",
)
_SPEC = (
    "sys.modules.setdefault('google', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('google', [os.path.dirname(p)])))"
)
_TYPE = "sys.modules.setdefault('google', types.ModuleType('google'))"
_SPECS = (
    "import sys, types, os",
    "has_mfs = sys.version_info > (3, 5)",
    _SITE,
    "importlib = has_mfs and __import__('importlib.util')",
    "has_mfs and __import__('importlib.machinery')",
    f"m = has_mfs and {_SPEC}",
)

PATH_FILES = {
    "0.6.2": (
        "import sys,types,os; p = os.path.join(sys._getframe(1).f_locals['sitedir'], "
        "*('google',)); ie = os.path.exists(os.path.join(p,'__init__.py')); m = not ie and "
        "sys.modules.setdefault('google',types.ModuleType('google')); mp = (m or []) and "
        "m.__dict__.setdefault('__path__',[]); (p not in mp) and mp.append(p)\n"
    ),
    "5.2": ";".join(
        (
            "import sys, types, os",
            _SITE,
            "ie = os.path.exists(os.path.join(p,'__init__.py'))",
            f"m = not ie and {_TYPE}",
            *_PATH,
        )
    ),
    "28.3.0": ";".join(
        (
            "import sys, types, os",
            "pep420 = sys.version_info > (3, 3)",
            _SITE,
            "ie = os.path.exists(os.path.join(p,'__init__.py'))",
            f"m = not ie and not pep420 and {_TYPE}",
            *_PATH,
        )
    ),
    "31.0.0": ";".join((*_SPECS, f"m = m or not has_mfs and {_TYPE}", *_PATH)),
    "34.3.0": ";".join((*_SPECS, f"m = m or {_TYPE}", *_PATH)),
    "69.1.0": ";".join(
        (
            "import sys, types, os",
            _SITE,
            "importlib = __import__('importlib.util')",
            "__import__('importlib.machinery')",
            f"m = {_SPEC}",
            f"m = m or {_TYPE}",
            *_PATH,
        )
    ),
}
"""What setuptools writes for the namespace package `google`, by the first version that does."""

PATH_FILE_OF_TWO = PATH_FILES["69.1.0"] + (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], "
    "*('google', 'cloud'));importlib = __import__('importlib.util');"
    "__import__('importlib.machinery');m = sys.modules.setdefault('google.cloud', "
    "importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('google.cloud', "
    "[os.path.dirname(p)])));m = m or sys.modules.setdefault('google.cloud', "
    "types.ModuleType('google.cloud'));mp = (m or []) and m.__dict__.setdefault('__path__',[]);"
    "(p not in mp) and mp.append(p);m and setattr(sys.modules['google'], 'cloud', m)\n"
)
"""... and for `google` and `google.cloud`."""
