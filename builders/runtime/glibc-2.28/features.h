/* features.h, which says that this is glibc 2.28. Sources choose by that, and the C++ library does.  */

#include_next <features.h>

#undef __GLIBC_MINOR__
#define __GLIBC_MINOR__ 28

/* Numbers of C23 are read by functions of their own since 2.38.  */
#undef __GLIBC_USE_C2X_STRTOL
#define __GLIBC_USE_C2X_STRTOL 0
#undef __GLIBC_USE_C23_STRTOL
#define __GLIBC_USE_C23_STRTOL 0
