/* What math.h of glibc 2.17 makes of the classification macros of C: calls into the library, which
   later releases leave to the compiler as built-in functions. C++ has its own, from the compiler's
   library.  */

#include_next <math.h>

#if !defined TRUEWHEEL_MATH_H && !defined __cplusplus && defined __USE_ISOC99
#define TRUEWHEEL_MATH_H 1

#define tw_by_size(x, name)                                                                        \
  (sizeof (x) == sizeof (float)    ? name##f (x)                                                   \
   : sizeof (x) == sizeof (double) ? name (x)                                                      \
                                   : name##l (x))

extern int __finitef (float) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __finite (double) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __finitel (long double) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __isnanf (float) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __isnan (double) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __isnanl (long double) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __isinff (float) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __isinf (double) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __isinfl (long double) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __fpclassifyf (float) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __fpclassify (double) __attribute__ ((__nothrow__, __leaf__, __const__));
extern int __fpclassifyl (long double) __attribute__ ((__nothrow__, __leaf__, __const__));

#undef isfinite
#define isfinite(x) tw_by_size (x, __finite)
#undef isnan
#define isnan(x) tw_by_size (x, __isnan)
#undef isinf
#define isinf(x) tw_by_size (x, __isinf)
#undef fpclassify
#define fpclassify(x) tw_by_size (x, __fpclassify)
#undef isnormal
#define isnormal(x) (fpclassify (x) == FP_NORMAL)

#endif
