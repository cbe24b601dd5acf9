/* dot_peak.h - how many multiply-adds a second one thread of this machine can do at most: independent instructions in a
 * loop, nothing loaded or stored. */
#ifndef CLI_DOT_PEAK_H
#define CLI_DOT_PEAK_H

typedef struct dot_peak {
    const char *instruction;
    double gmacs; /* 10^9 multiply-adds a second */
} dot_peak;

/* With the best instruction that this CPU has of those that the backends use: int16 products added up in int32, as in the exact
 * networks. Takes a tenth of a second. */
dot_peak dot_peak_int16(void);

#endif
