/* sys/sysmacros.h for objects as glibc 2.17 makes them from C: the low bits of the numbers of a
   device are put together in 32 bits, the high ones in 64. Later releases take one at a time, all
   in 64 bits.  */

#include_next <sys/sysmacros.h>

#if !defined TRUEWHEEL_SYSMACROS_H && defined __USE_EXTERN_INLINES
#define TRUEWHEEL_SYSMACROS_H 1

static inline unsigned int
tw_major (unsigned long long int device)
{
  return ((device >> 8) & 0xfff) | ((unsigned int) (device >> 32) & ~0xfff);
}

static inline unsigned int
tw_minor (unsigned long long int device)
{
  return (device & 0xff) | ((unsigned int) (device >> 12) & ~0xff);
}

static inline unsigned long long int
tw_makedev (unsigned int major_of, unsigned int minor_of)
{
  return (minor_of & 0xff) | ((major_of & 0xfff) << 8)
         | ((unsigned long long int) (minor_of & ~0xff) << 12)
         | ((unsigned long long int) (major_of & ~0xfff) << 32);
}

#undef major
#undef minor
#undef makedev
#define major(device) tw_major (device)
#define minor(device) tw_minor (device)
#define makedev(a, b) tw_makedev (a, b)

#endif
