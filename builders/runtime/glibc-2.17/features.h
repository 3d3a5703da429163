/* features.h, which says that this is glibc 2.17. Sources choose by that, and the C++ library does.  */

#include_next <features.h>

#undef __GLIBC_MINOR__
#define __GLIBC_MINOR__ 17
