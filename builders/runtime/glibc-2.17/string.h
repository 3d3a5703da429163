/* string.h for objects as glibc 2.17 and a compiler that optimises make them from C.

   Such objects call `__strdup` and `__rawmemchr` where the source says `strdup (s)` and
   `strchr (s, 0)`, and compare with a literal of up to three characters byte by byte, without a
   call. Later releases leave all of that to the compiler.  */

#include_next <string.h>

#if !defined TRUEWHEEL_STRING_H && defined __OPTIMIZE__ && !defined __OPTIMIZE_SIZE__ \
    && !defined __NO_INLINE__ && !defined __NO_STRING_INLINES && !defined __cplusplus
#define TRUEWHEEL_STRING_H 1

#include <stddef.h>

/* Without attributes: what a call may do decides how a loop around it is laid out.  */
extern void *__rawmemchr (const void *, int);

extern char *__strdup (const char *)
    __attribute__ ((__nothrow__, __leaf__, __malloc__, __nonnull__ (1)));
extern char *__strndup (const char *, size_t)
    __attribute__ ((__nothrow__, __leaf__, __malloc__, __nonnull__ (1)));

/* A constant whose elements are single bytes. It may be a pointer to what has no size, so that
   nothing here dereferences it.  */
#define tw_literal(s) (__builtin_constant_p (s) && (const char *) ((s) + 1) - (const char *) (s) == 1)
#define tw_short(s) (tw_literal (s) && __builtin_strlen (s) < 4)

#define tw_compare(a, b, length)                                                                   \
  (__extension__({                                                                                 \
    const unsigned char *tw_a = (const unsigned char *) (const char *) (a);                        \
    const unsigned char *tw_b = (const unsigned char *) (const char *) (b);                        \
    int tw_order = tw_a[0] - tw_b[0];                                                              \
    if ((length) > 0 && tw_order == 0)                                                             \
      {                                                                                            \
        tw_order = tw_a[1] - tw_b[1];                                                              \
        if ((length) > 1 && tw_order == 0)                                                         \
          {                                                                                        \
            tw_order = tw_a[2] - tw_b[2];                                                          \
            if ((length) > 2 && tw_order == 0)                                                     \
              tw_order = tw_a[3] - tw_b[3];                                                        \
          }                                                                                        \
      }                                                                                            \
    tw_order;                                                                                      \
  }))

#undef strcmp
#define strcmp(a, b)                                                                               \
  (tw_short (a) && !tw_literal (b)   ? tw_compare (a, b, __builtin_strlen (a))                     \
   : tw_short (b) && !tw_literal (a) ? tw_compare (a, b, __builtin_strlen (b))                     \
                                     : __builtin_strcmp (a, b))

/* A bound behind the end of a literal bounds nothing.  */
#define tw_ends_before(s, n) (__builtin_constant_p (s) && __builtin_strlen (s) < (size_t) (n))
#undef strncmp
#define strncmp(a, b, n)                                                                           \
  (__builtin_constant_p (n) && (tw_ends_before (a, n) || tw_ends_before (b, n))                    \
       ? strcmp (a, b)                                                                             \
       : __builtin_strncmp (a, b, n))

#undef strchr
#define strchr(s, c)                                                                               \
  (__builtin_constant_p (c) && !__builtin_constant_p (s) && (c) == '\0'                            \
       ? (char *) __rawmemchr (s, c)                                                               \
       : __builtin_strchr (s, c))

#if defined __USE_MISC || defined __USE_XOPEN_EXTENDED || defined __USE_XOPEN2K8
#undef strdup
#define strdup(s) (tw_literal (s) ? __builtin_strdup (s) : __strdup (s))
#endif

#ifdef __USE_XOPEN2K8
#undef strndup
#define strndup(s, n) (tw_literal (s) ? __builtin_strndup (s, n) : __strndup (s, n))
#endif

#endif
