/* sched.h, with the bound of CPU_ISSET_S and its like as glibc 2.17 has it: in bits, not in bytes.  */

#include_next <sched.h>

#if !defined TRUEWHEEL_SCHED_H && defined __USE_GNU && defined __CPUELT
#define TRUEWHEEL_SCHED_H 1

#define tw_cpu_word(cpu, set) (((__cpu_mask *) ((set)->__bits))[__CPUELT (cpu)])

#undef CPU_SET_S
#define CPU_SET_S(cpu, size, set)                                                                  \
  (__extension__({                                                                                 \
    size_t tw_cpu = (cpu);                                                                         \
    tw_cpu < 8 * (size) ? (tw_cpu_word (tw_cpu, set) |= __CPUMASK (tw_cpu)) : 0;                   \
  }))
#undef CPU_CLR_S
#define CPU_CLR_S(cpu, size, set)                                                                  \
  (__extension__({                                                                                 \
    size_t tw_cpu = (cpu);                                                                         \
    tw_cpu < 8 * (size) ? (tw_cpu_word (tw_cpu, set) &= ~__CPUMASK (tw_cpu)) : 0;                  \
  }))
#undef CPU_ISSET_S
#define CPU_ISSET_S(cpu, size, set)                                                                \
  (__extension__({                                                                                 \
    size_t tw_cpu = (cpu);                                                                         \
    tw_cpu < 8 * (size) ? (tw_cpu_word (tw_cpu, set) & __CPUMASK (tw_cpu)) != 0 : 0;               \
  }))
#undef CPU_SET
#define CPU_SET(cpu, set) CPU_SET_S (cpu, sizeof (cpu_set_t), set)
#undef CPU_CLR
#define CPU_CLR(cpu, set) CPU_CLR_S (cpu, sizeof (cpu_set_t), set)
#undef CPU_ISSET
#define CPU_ISSET(cpu, set) CPU_ISSET_S (cpu, sizeof (cpu_set_t), set)
#endif
