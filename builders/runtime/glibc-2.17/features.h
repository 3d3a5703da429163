/* features.h, which says that this is glibc 2.17. Sources choose by that, and the C++ library does.  */

#include_next <features.h>

#undef __GLIBC_MINOR__
#define __GLIBC_MINOR__ 17

/* Where GNU's extensions are asked for, `%a` of scanf is one of them, whatever the standard; since 2.29
   that of C99 and C++11 wins.  */
#undef __GLIBC_USE_DEPRECATED_SCANF
#if defined __USE_GNU || !defined __USE_ISOC99                                                     \
    || (!defined __STRICT_ANSI__ && !defined __USE_XOPEN2K)
#define __GLIBC_USE_DEPRECATED_SCANF 1
#else
#define __GLIBC_USE_DEPRECATED_SCANF 0
#endif
