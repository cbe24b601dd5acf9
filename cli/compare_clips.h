/* compare_clips.h - 'gingham compare' of Y4M clips. */
#ifndef CLI_COMPARE_CLIPS_H
#define CLI_COMPARE_CLIPS_H

#include <stdbool.h>
#include <stdint.h>

#include "exit_codes.h"

typedef struct clip_settings {
    const char *difference; /* a clip to write, or NULL */
    double gain;            /* of the difference */
    uint64_t limit_pixels;
    int n_frames;           /* 0: all */
    bool json, per_frame;
} clip_settings;

/* paths: the original and the other. Prints the report. */
exit_code compare_clips(char *const paths[2], const clip_settings *settings);

#endif
