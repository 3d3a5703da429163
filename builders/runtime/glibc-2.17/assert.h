/* assert.h, where macros in a condition are expanded in its message, as glibc before 2.25 has it.  */

#include_next <assert.h>

#ifndef NDEBUG
#undef assert
#define tw_text_of_condition(x) #x
#define assert(condition)                                                                          \
  ((condition) ? (void) (0)                                                                        \
               : __assert_fail (tw_text_of_condition (condition), __FILE__, __LINE__,              \
                                __extension__ __PRETTY_FUNCTION__))
#endif
