/* codec_test.h - what tests through the public interface begin with; include after cmocka.h. */
#ifndef GHM_TESTS_CODEC_TEST_H
#define GHM_TESTS_CODEC_TEST_H

#include <gingham/gingham.h>

extern ghm_model *model; /* the profile `fast`, between the two */
int open_model(void **state);
int close_model(void **state);

/* Settings may be NULL. A status other than the expected one fails the test; with one that is not GHM_OK nothing comes back, but of
 * decoding with `partial`. */
ghm_buffer encode_with(const ghm_image *image, const ghm_encode_settings *settings);
ghm_buffer encode_at(const ghm_image *image, double quality);
ghm_image decode_with(ghm_buffer stream, const ghm_decode_settings *settings, ghm_status expected);
ghm_image decode_sound(ghm_buffer stream);

#endif
