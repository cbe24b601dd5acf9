#define _POSIX_C_SOURCE 200809L
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "message.h"

#define SHOW_AFTER_SECONDS 1.0

static bool line_shown;

void progress_hide(void)
{
    if (!line_shown)
        return;
    fprintf(stderr, "\r%*s\r", 40, "");
    line_shown = false;
}

double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

progress progress_begin(const char *what)
{
    return (progress){
        .what = what,
        .start = clock_seconds(),
        .enabled = what && message_get_level() > MESSAGE_ERRORS && isatty(STDERR_FILENO),
        .percent_shown = -1,
    };
}

int progress_callback(void *user, double done)
{
    progress *p = user;
    const int percent = (int)(100 * done);
    if (p->enabled && percent != p->percent_shown && clock_seconds() - p->start > SHOW_AFTER_SECONDS) {
        fprintf(stderr, "\r%s %3d %%", p->what, percent);
        p->percent_shown = percent;
        line_shown = true;
    }
    return 0;
}

double progress_end(progress *p)
{
    progress_hide();
    return clock_seconds() - p->start;
}
