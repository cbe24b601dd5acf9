/* progress.h - a percent line for long work: on a terminal only, after a second, and gone without trace at the end. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

typedef struct progress {
    const char *what; /* "encoding" */
    double start;     /* seconds */
    bool enabled;
    int percent_shown; /* -1: none */
} progress;

/* Seconds on a clock that never goes back. */
double clock_seconds(void);

/* what: NULL shows nothing. */
progress progress_begin(const char *what);
/* A ghm_progress_callback; user is the progress. Never cancels. */
int progress_callback(void *user, double done);
/* Erase the line. Returns the seconds since progress_begin(). */
double progress_end(progress *p);
/* Erase the line, if there is one, before a message is printed. Where there are several threads, there is none. */
void progress_hide(void);

#endif
