/* codec_table.h - the codecs that 'gingham eval' measures: ours and its peers, each through its own command. */
#ifndef CLI_EVAL_CODEC_TABLE_H
#define CLI_EVAL_CODEC_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define CODEC_MAX_ARGUMENTS 24
#define CODEC_MAX_POINTS 64

/* All values that {q} may have: worst, one step towards best, ... */
typedef struct quality_scale {
    double worst, best, step;
} quality_scale;

typedef struct eval_codec {
    const char *name, *description;
    bool ours;
    const char *weights; /* of ours: a file or a profile; NULL: those of the default profile */
    bool weights_in_file;
    const char *suffix;  /* of its files */
    const char *picture; /* end of the names of pictures that its commands read and write (handover.h) */
    /* Argument lists; {q}, {in}, {out} and {self}, this program, are replaced. One thread each. */
    const char *encode[CODEC_MAX_ARGUMENTS], *decode[CODEC_MAX_ARGUMENTS];
    const char *version[CODEC_MAX_ARGUMENTS]; /* a command that prints the version, whatever its exit status, */
    const char *version_word; /* in the first line that holds this word */
    const char *part;         /* of the command that the codec is: not installed without such a line; NULL: none */
    const char *qualities[CODEC_MAX_POINTS]; /* {q}, from low to high quality; ours are chosen by options */
    quality_scale scale;
} eval_codec;

/* Ours first, with the weights of the default profile. Ends with NULL. */
extern const eval_codec *const eval_codecs[];

const eval_codec *eval_codec_find(const char *name);

/* Ours with the weights in a file or of a profile; the texts are not copied. */
eval_codec eval_codec_with_file(const char *name, const char *file);
eval_codec eval_codec_with_profile(const char *name, const char *profile);
/* One of ours, at an effort; the text is not copied. */
eval_codec eval_codec_with_effort(const eval_codec *codec, const char *effort);

#endif
