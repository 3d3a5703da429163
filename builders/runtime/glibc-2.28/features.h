/* features.h, which says that this is glibc 2.28. Sources choose by that, and the C++ library does.  */

#include_next <features.h>

#undef __GLIBC_MINOR__
#define __GLIBC_MINOR__ 28

/* Numbers of C23 are read by functions of their own since 2.38.  */
#undef __GLIBC_USE_C2X_STRTOL
#define __GLIBC_USE_C2X_STRTOL 0
#undef __GLIBC_USE_C23_STRTOL
#define __GLIBC_USE_C23_STRTOL 0

/* Where GNU's extensions are asked for, `%a` of scanf is one of them, whatever the standard; since 2.29
   that of C99 and C++11 wins.  */
#undef __GLIBC_USE_DEPRECATED_SCANF
#if defined __USE_GNU || !defined __USE_ISOC99                                                     \
    || (!defined __STRICT_ANSI__ && !defined __USE_XOPEN2K)
#define __GLIBC_USE_DEPRECATED_SCANF 1
#else
#define __GLIBC_USE_DEPRECATED_SCANF 0
#endif
