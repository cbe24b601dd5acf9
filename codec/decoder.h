/* decoder.h - what the rest of this room wants of decoder.c, beside the public functions. */
#ifndef GHM_CODEC_DECODER_H
#define GHM_CODEC_DECODER_H

#include "bitstream.h"

/* ghm_decode_get_cost() of a stream whose header has been read; payloads of bands are not looked at. */
ghm_status decoder_get_cost(const ghm_model *model, const ghm_decode_settings *settings, const stream_index *index,
                            ghm_decode_cost *cost, ghm_diagnostics *diag);

#endif
