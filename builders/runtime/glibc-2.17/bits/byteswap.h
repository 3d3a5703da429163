/* Two bytes are swapped by an instruction that the compiler cannot see through, as by
   bits/byteswap.h of glibc 2.17 on x86; later releases leave it to the compiler. So for htons, ntohs,
   bswap_16, htobe16 and the like.  */

#include_next <bits/byteswap.h>

#ifndef TRUEWHEEL_BYTESWAP_H
#define TRUEWHEEL_BYTESWAP_H 1
#define __bswap_16(x)                                                                              \
  (__extension__({                                                                                 \
    unsigned short int tw_swapped, tw_given = (unsigned short int) (x);                            \
    if (__builtin_constant_p (tw_given))                                                           \
      tw_swapped = (unsigned short int) (((tw_given >> 8) & 0xff) | ((tw_given & 0xff) << 8));     \
    else                                                                                           \
      __asm__("rorw $8, %w0" : "=r"(tw_swapped) : "0"(tw_given) : "cc");                           \
    tw_swapped;                                                                                    \
  }))
#endif
