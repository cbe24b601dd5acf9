/* measure.h - one picture through one codec at one quality: to a file, back from the file, and compared. */
#ifndef CLI_EVAL_MEASURE_H
#define CLI_EVAL_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "eval/codec_table.h"
#include "eval/metrics.h"
#include "eval/picture_list.h"
#include "eval/process.h"
#include "exit_codes.h"

#define MEASURE_PATH_BYTES 4096

typedef struct measurement {
    uint64_t width, height, bytes;
    process_usage encode, decode;
    picture_metrics metrics;
} measurement;

/* The folder that everything is written to:
 *     originals/NAME.ppm, .444.y4m ...     what the codecs are given
 *     CODEC/version.txt
 *     CODEC/qQUALITY/NAME.SUFFIX           the coded file
 *     CODEC/qQUALITY/NAME.json             the measurement, once it is complete
 *     CODEC/qQUALITY/NAME.log              what the commands printed, for a failure
 */
typedef struct workplace {
    const char *folder;
    const char *self;      /* path of this program */
    bool (*stopped)(void); /* whether the user wants an end */
} workplace;

typedef enum codec_state { CODEC_INSTALLED, CODEC_NO_COMMAND, CODEC_NO_PART, CODEC_BROKEN } codec_state;

/* The line in which the codec's command says its version, and with it whether the codec is there. */
codec_state measure_version(const workplace *place, const eval_codec *codec, char *version, size_t size);

/* A complete measurement of an earlier run is taken over when version, settings and picture are the same. A message has
 * been printed unless EXIT_OK, or EXIT_GENERIC because place->stopped() says so. */
exit_code measure(const workplace *place, const eval_codec *codec, const char *version, const char *quality,
                  const listed_picture *picture, measurement *out);

/* Decode once more what measure() has left, to a file whose name is put in decoded; it is the caller's to remove. */
exit_code measure_decode_again(const workplace *place, const eval_codec *codec, const char *quality,
                               const listed_picture *picture, char decoded[MEASURE_PATH_BYTES]);

#endif
