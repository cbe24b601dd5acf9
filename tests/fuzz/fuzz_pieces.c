/* Streams in pieces and in part: the first bytes of the input choose pieces, region, scale and so on, the rest is a stream whose
 * CRCs are made right. However it is cut, ghm_decoder gives the status and rows that ghm_decode_image() gives, and a region or a
 * preview is that part of the whole picture. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { MAX_PIXELS = 128 * 128 };

typedef struct choice {
    ghm_decode_settings settings;
    size_t piece;
} choice;

static choice choose(fuzz_input *in)
{
    choice c = { .piece = fuzz_range(in, 1, 400) };
    ghm_decode_settings_default(&c.settings);
    const unsigned bits = fuzz_u8(in);
    c.settings.max_pixels = MAX_PIXELS;
    c.settings.threads = 1 + (int)(bits % 2);
    c.settings.partial = bits >> 1 & 1;
    c.settings.ignore_picture_hash = bits >> 2 & 1;
    c.settings.scale = 1u << (bits >> 3 & 7) % 5;
    c.settings.region = (ghm_region){ fuzz_u8(in), fuzz_u8(in), fuzz_u8(in), fuzz_u8(in) };
    if (bits >> 6 & 1)
        c.settings.region.width = 0;
    return c;
}

typedef struct collected {
    ghm_image image;
    uint32_t n_rows;
} collected;

static int ignore(void *user, uint32_t first_row, const ghm_image *rows)
{
    (void)user, (void)first_row, (void)rows;
    return 0;
}

static int collect(void *user, uint32_t first_row, const ghm_image *rows)
{
    collected *c = user;
    ghm_image *to = &c->image;
    FUZZ_CHECK(first_row == c->n_rows && rows->height <= to->height - c->n_rows && rows->width == to->width);
    for (uint32_t y = 0; y < rows->height; y++)
        memcpy(to->planes[0] + (c->n_rows + y) * to->row_stride, rows->planes[0] + y * rows->row_stride, to->row_stride);
    c->n_rows += rows->height;
    return 0;
}

static ghm_status decode_in_pieces(const choice *c, const uint8_t *data, size_t size, const ghm_image *like, collected *out)
{
    ghm_decoder *decoder;
    const ghm_model *model = fuzz_model(GHM_BACKEND_AUTO);
    if (like->owned)
        FUZZ_CHECK(ghm_image_alloc_as(like->width, like->height, ghm_image_components(like), like->bit_depth, &out->image,
                                      NULL) == GHM_OK);
    FUZZ_CHECK(ghm_decoder_open(model, &c->settings, like->owned ? collect : ignore, out, &decoder, NULL) == GHM_OK);
    ghm_status status = GHM_OK;
    for (size_t at = 0; at < size && status == GHM_OK; at += c->piece)
        status = ghm_decoder_push(decoder, data + at, size - at < c->piece ? size - at : c->piece);
    if (status == GHM_OK)
        status = ghm_decoder_finish(decoder);
    FUZZ_CHECK((status == GHM_OK) == (ghm_decoder_diagnostics(decoder)->text[0] == '\0'));
    ghm_decoder_close(&decoder);
    FUZZ_CHECK(!decoder);
    return status;
}

/* Of several faults one call names the one of the container, pieces what comes first: a band may fail before that is seen. */
static bool agree(const choice *c, ghm_status whole, ghm_status pieces)
{
    return whole == pieces || (!c->settings.partial && pieces == GHM_ERR_BITSTREAM &&
                               (whole == GHM_ERR_TRUNCATED || whole == GHM_ERR_UNSUPPORTED));
}

static void check_part(const ghm_image *whole, const ghm_region *r, const ghm_image *part)
{
    FUZZ_CHECK(part->width == r->width && part->height == r->height);
    for (uint32_t y = 0; y < r->height; y++)
        FUZZ_CHECK(memcmp(part->planes[0] + y * part->row_stride,
                          whole->planes[0] + (r->y + y) * whole->row_stride + r->x * whole->pixel_stride,
                          part->row_stride) == 0);
}

/* Where the whole can be decoded, so can the part. */
static void compare_with_whole(const choice *c, const uint8_t *data, size_t size, const ghm_image *part)
{
    ghm_decode_settings settings = c->settings;
    ghm_image whole = { 0 };
    settings.region.width = 0;
    settings.scale = 1;
    settings.partial = 0;
    if (ghm_decode_image(fuzz_model(GHM_BACKEND_AUTO), &settings, data, size, &whole, NULL) == GHM_OK) {
        FUZZ_CHECK(part->owned);
        if (c->settings.scale == 1 && c->settings.region.width)
            check_part(&whole, &c->settings.region, part);
    }
    ghm_image_free(&whole);
}

static bool is_inside(const ghm_region *r, const ghm_stream_info *info)
{
    return r->width == 0 || (r->height > 0 && r->x + r->width <= info->width && r->y + r->height <= info->height);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = { data, data + size };
    const choice c = choose(&in);
    const size_t n = (size_t)(in.end - in.p);
    uint8_t *stream = fuzz_copy(in.p, n);
    fuzz_seal_stream(stream, n);
    ghm_image out = { 0 };
    ghm_stream_info info;
    ghm_decode_cost cost;
    collected pieces = { .n_rows = 0 };

    const ghm_status status = ghm_decode_image(fuzz_model(GHM_BACKEND_AUTO), &c.settings, stream, n, &out, NULL);
    const ghm_status told = ghm_decode_get_cost(fuzz_model(GHM_BACKEND_AUTO), &c.settings, stream, n, &cost, NULL);
    if (told == GHM_OK && out.owned)
        FUZZ_CHECK(cost.width == out.width && cost.height == out.height && cost.image_bytes == out.row_stride * out.height);
    FUZZ_CHECK(agree(&c, status, decode_in_pieces(&c, stream, n, &out, &pieces)));
    if (out.owned)
        FUZZ_CHECK(pieces.n_rows == out.height &&
                   memcmp(pieces.image.owned, out.owned, out.row_stride * out.height) == 0);
    if (ghm_stream_get_info(stream, n, &info, NULL) == GHM_OK && is_inside(&c.settings.region, &info))
        compare_with_whole(&c, stream, n, &out);
    ghm_image_free(&pieces.image);
    ghm_image_free(&out);
    free(stream);
    return 0;
}
