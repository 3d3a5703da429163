/* fcntl.h, where large files do not make `fcntl` another function: `fcntl64` is of glibc 2.28. Of two
   names for the linker the compiler takes the one that it is told first.  */

#ifndef TRUEWHEEL_FCNTL_H
#define TRUEWHEEL_FCNTL_H 1

#include <sys/cdefs.h>

__BEGIN_DECLS
extern int fcntl (int, int, ...) __asm__ ("fcntl");
__END_DECLS

#endif

#include_next <fcntl.h>
