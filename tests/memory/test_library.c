/* Every call of the library with its n-th allocation failing, alone and with all later ones, for every n there is: it ends in
 * GHM_ERR_MEMORY with a sentence, gives nothing out, and leaks nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "allocation.h"
#include "files.h"

#include <gingham/gingham.h>

static uint8_t *weights;
static size_t weights_size;
static ghm_model *model;
static ghm_image picture;
static ghm_metadata metadata;
static ghm_buffer stream;

/* One call. On success it releases what it got. */
typedef ghm_status (*call)(int threads, ghm_diagnostics *diag);

static ghm_status open_file(int threads, ghm_diagnostics *diag)
{
    ghm_model *opened;
    (void)threads;
    const ghm_status status = ghm_model_open(weights, weights_size, GHM_BACKEND_AUTO, &opened, diag);
    assert_true((status == GHM_OK) == (opened != NULL));
    ghm_model_close(&opened);
    return status;
}

static ghm_status open_file_c(int threads, ghm_diagnostics *diag)
{
    ghm_model *opened;
    (void)threads;
    const ghm_status status = ghm_model_open(weights, weights_size, GHM_BACKEND_C, &opened, diag);
    assert_true((status == GHM_OK) == (opened != NULL));
    ghm_model_close(&opened);
    return status;
}

static ghm_status encode_at(int effort, int threads, ghm_diagnostics *diag)
{
    ghm_encode_settings settings;
    ghm_statistics statistics;
    ghm_buffer out = { 0 };
    ghm_encode_settings_default(&settings);
    settings.effort = effort;
    settings.threads = threads;
    settings.metadata = &metadata;
    settings.statistics = &statistics;
    const ghm_status status = ghm_encode_image(model, &settings, &picture, &out, diag);
    assert_true((status == GHM_OK) == (out.data != NULL));
    ghm_buffer_free(&out);
    return status;
}

static ghm_status encode(int threads, ghm_diagnostics *diag)
{
    return encode_at(1, threads, diag);
}

static ghm_status encode_refined(int threads, ghm_diagnostics *diag)
{
    return encode_at(2, threads, diag);
}

static ghm_status decode(int threads, ghm_diagnostics *diag)
{
    ghm_decode_settings settings;
    ghm_statistics statistics;
    ghm_image out = { 0 };
    ghm_decode_settings_default(&settings);
    settings.threads = threads;
    settings.statistics = &statistics;
    const ghm_status status = ghm_decode_image(model, &settings, stream.data, stream.size, &out, diag);
    assert_true((status == GHM_OK) == (out.owned != NULL));
    ghm_image_free(&out);
    return status;
}

static ghm_status get_metadata(int threads, ghm_diagnostics *diag)
{
    ghm_metadata out = { 0 };
    (void)threads;
    const ghm_status status = ghm_stream_get_metadata(stream.data, stream.size, &out, diag);
    assert_true((status == GHM_OK) == (out.kinds[GHM_METADATA_XMP].data != NULL));
    ghm_metadata_free(&out);
    return status;
}

static int set_up(void **state)
{
    (void)state;
    static const char xmp[] = "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>";
    weights = read_test_file(GHM_PARITY_DIR, "test.ghmw", &weights_size);
    metadata.kinds[GHM_METADATA_XMP] = (ghm_buffer){ (uint8_t *)(uintptr_t)xmp, sizeof xmp };
    assert_int_equal(ghm_image_alloc_as(30, 530, GHM_RGBA, 8, &picture, NULL), GHM_OK); /* two bands */
    for (size_t i = 0; i < picture.row_stride * picture.height; i++)
        picture.planes[0][i] = (uint8_t)(i * i / 256);
    assert_int_equal(ghm_model_open(weights, weights_size, GHM_BACKEND_AUTO, &model, NULL), GHM_OK);
    ghm_encode_settings settings;
    ghm_encode_settings_default(&settings);
    settings.metadata = &metadata;
    return ghm_encode_image(model, &settings, &picture, &stream, NULL) == GHM_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ghm_image_free(&picture);
    ghm_buffer_free(&stream);
    ghm_model_close(&model);
    free(weights);
    return 0;
}

static void fail_each(const char *name, call run, int threads)
{
    const size_t live = allocation_live();
    long n = 0;
    for (int all_later = 0; all_later < 2; all_later++) {
        ghm_status status = GHM_ERR_MEMORY;
        for (n = 0; status != GHM_OK; n++) {
            ghm_diagnostics diag = { "" };
            allocation_fail(n, all_later);
            status = run(threads, &diag);
            const bool failed = allocation_count() > n;
            allocation_fail(-1, false);
            if (status != (failed ? GHM_ERR_MEMORY : GHM_OK) || (failed && diag.text[0] == '\0'))
                fail_msg("%s, %d threads, allocation %ld: status %d '%s'", name, threads, n, (int)status, diag.text);
            if (allocation_live() != live)
                fail_msg("%s, %d threads, allocation %ld: %zu blocks leak", name, threads, n, allocation_live() - live);
        }
        assert_true(n > 1);
    }
    print_message("%s, %d threads: each of %ld allocations\n", name, threads, n - 1);
}

static void opening_a_model(void **state)
{
    (void)state;
    fail_each("open", open_file, 1);
    fail_each("open, C", open_file_c, 1);
}

static void encoding(void **state)
{
    (void)state;
    fail_each("encode", encode, 1);
    fail_each("encode", encode, 3);
    fail_each("encode, effort 2", encode_refined, 2);
}

static void decoding(void **state)
{
    (void)state;
    fail_each("decode", decode, 1);
    fail_each("decode", decode, 3);
}

static void reading_metadata(void **state)
{
    (void)state;
    fail_each("metadata", get_metadata, 1);
}

/* The embedded weights take long to open: only some of their allocations. */
static void opening_the_default_model(void **state)
{
    (void)state;
    const size_t live = allocation_live();
    for (long n = 0; n < 1000; n = n * 3 / 2 + 1) {
        ghm_model *opened;
        ghm_diagnostics diag = { "" };
        allocation_fail(n, false);
        const ghm_status status = ghm_model_open_default(GHM_BACKEND_AUTO, &opened, &diag);
        const bool failed = allocation_count() > n;
        allocation_fail(-1, false);
        assert_int_equal(status, failed ? GHM_ERR_MEMORY : GHM_OK);
        ghm_model_close(&opened);
        assert_int_equal(allocation_live(), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_a_model),  cmocka_unit_test(encoding),
        cmocka_unit_test(decoding),         cmocka_unit_test(reading_metadata),
        cmocka_unit_test(opening_the_default_model),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
