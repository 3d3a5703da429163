/* Python.h, with the release that a published file was compiled against in its version. Cython
   compiles PY_VERSION_HEX into modules. A patch release changes nothing else that extension modules
   are promised.  */

#include_next <Python.h>

#if defined TRUEWHEEL_PYTHON_MICRO && !defined TRUEWHEEL_PYTHON_H
#define TRUEWHEEL_PYTHON_H 1
#define tw_text_of(x) #x
#define tw_text(x) tw_text_of (x)
#undef PY_MICRO_VERSION
#define PY_MICRO_VERSION TRUEWHEEL_PYTHON_MICRO
#undef PY_RELEASE_LEVEL
#define PY_RELEASE_LEVEL TRUEWHEEL_PYTHON_LEVEL
#undef PY_RELEASE_SERIAL
#define PY_RELEASE_SERIAL TRUEWHEEL_PYTHON_SERIAL
#undef PY_VERSION
#if TRUEWHEEL_PYTHON_LEVEL == 0xC
#define tw_level "rc" tw_text (PY_RELEASE_SERIAL)
#else
#define tw_level ""
#endif
#define PY_VERSION                                                                                 \
  tw_text (PY_MAJOR_VERSION) "." tw_text (PY_MINOR_VERSION) "." tw_text (PY_MICRO_VERSION) tw_level
#endif
