/* sys/single_threaded.h is of glibc 2.32. Before, the C++ library asked whether there is a library of
   threads.  */

#if defined __cplusplus && defined __GTHREADS
static inline bool
tw_single_threaded () noexcept
{
  return __gthread_active_p () == 0;
}
#define __libc_single_threaded tw_single_threaded ()
#endif
