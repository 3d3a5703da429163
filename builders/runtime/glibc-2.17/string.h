/* string.h for objects as glibc 2.17 and a compiler that optimises make them from C.

   Such objects call `__strdup` and `__rawmemchr` where the source says `strdup (s)` and
   `strchr (s, 0)`, and compare with a literal of up to three characters byte by byte, without a
   call; so do they look for one of up to three characters, or for another one. Later releases leave
   all of that to the compiler.  */

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

static inline size_t
tw_until_1 (const char *s, int a)
{
  size_t n = 0;
  while (s[n] != '\0' && s[n] != a)
    ++n;
  return n;
}

static inline size_t
tw_until_2 (const char *s, int a, int b)
{
  size_t n = 0;
  while (s[n] != '\0' && s[n] != a && s[n] != b)
    ++n;
  return n;
}

static inline size_t
tw_until_3 (const char *s, int a, int b, int c)
{
  size_t n = 0;
  while (s[n] != '\0' && s[n] != a && s[n] != b && s[n] != c)
    ++n;
  return n;
}

static inline size_t
tw_while_1 (const char *s, int a)
{
  size_t n = 0;
  while (s[n] == a)
    ++n;
  return n;
}

static inline size_t
tw_while_2 (const char *s, int a, int b)
{
  size_t n = 0;
  while (s[n] == a || s[n] == b)
    ++n;
  return n;
}

static inline size_t
tw_while_3 (const char *s, int a, int b, int c)
{
  size_t n = 0;
  while (s[n] == a || s[n] == b || s[n] == c)
    ++n;
  return n;
}

#define tw_at(s, n) (((const char *) (s))[n])
#define tw_by_length(set, none, one, two, three)                                                   \
  (tw_at (set, 0) == '\0'   ? (none)                                                               \
   : tw_at (set, 1) == '\0' ? (one)                                                                \
   : tw_at (set, 2) == '\0' ? (two)                                                                \
                            : (three))

#undef strcspn
#define strcspn(s, set)                                                                            \
  (tw_short (set) && !tw_literal (s)                                                               \
       ? tw_by_length (set, __builtin_strlen (s), tw_until_1 (s, tw_at (set, 0)),                  \
                       tw_until_2 (s, tw_at (set, 0), tw_at (set, 1)),                             \
                       tw_until_3 (s, tw_at (set, 0), tw_at (set, 1), tw_at (set, 2)))             \
       : __builtin_strcspn (s, set))

#undef strspn
#define strspn(s, set)                                                                             \
  (tw_short (set) && !tw_literal (s)                                                               \
       ? tw_by_length (set, (size_t) ((void) (s), 0), tw_while_1 (s, tw_at (set, 0)),              \
                       tw_while_2 (s, tw_at (set, 0), tw_at (set, 1)),                             \
                       tw_while_3 (s, tw_at (set, 0), tw_at (set, 1), tw_at (set, 2)))             \
       : __builtin_strspn (s, set))

#if defined __USE_MISC || defined __USE_XOPEN_EXTENDED || defined __USE_XOPEN2K8
#undef strdup
#define strdup(s) (tw_literal (s) ? __builtin_strdup (s) : __strdup (s))
#endif

#ifdef __USE_XOPEN2K8
#undef strndup
#define strndup(s, n) (tw_literal (s) ? __builtin_strndup (s, n) : __strndup (s, n))
#endif

#endif
