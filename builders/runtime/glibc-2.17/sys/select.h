/* sys/select.h, where FD_SET and its like take the bit of a descriptor from a signed number, as glibc
   2.17 has it; later releases shift an unsigned one, of which the compiler makes other instructions.  */

#include_next <sys/select.h>

#undef __FD_MASK
#define __FD_MASK(d) ((__fd_mask) 1 << ((d) % __NFDBITS))
