#include "cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

bool cpu_has_avx2(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

bool cpu_has_avx_vnni(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    /* Leaf 7.1, EAX bit 4, by hand: the compilers' lists of names have it from gcc 12 on only. AVX2 says that the
     * operating system keeps the registers. */
    unsigned a = 0, b, c, d;
    return cpu_has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
#else
    return false;
#endif
}

bool cpu_has_avx512_vnni(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
#else
    return false;
#endif
}

bool cpu_has_dotprod(void)
{
#if defined(__aarch64__) && defined(__linux__)
    enum { ASIMDDP = 1 << 20 }; /* HWCAP_ASIMDDP of the kernel's interface */
    return getauxval(AT_HWCAP) & ASIMDDP;
#else
    return false;
#endif
}
