/* peak_memory.h - the largest resident set of this process since a moment. */
#ifndef CLI_PEAK_MEMORY_H
#define CLI_PEAK_MEMORY_H

/* From now on. Where the system cannot forget, the peak stays that of the whole process. */
void peak_memory_restart(void);
/* In bytes; NaN where the system does not tell. */
double peak_memory_bytes(void);

#endif
