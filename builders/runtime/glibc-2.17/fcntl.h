/* fcntl.h, where large files do not make `fcntl` another function: `fcntl64` is of glibc 2.28.  */

#include_next <fcntl.h>

#if !defined TRUEWHEEL_FCNTL_H && defined __USE_FILE_OFFSET64 && !defined __cplusplus
#define TRUEWHEEL_FCNTL_H 1
extern int tw_fcntl (int, int, ...) __asm__ ("fcntl");
#undef fcntl
#define fcntl(...) tw_fcntl (__VA_ARGS__)
#endif
