/* Piece by piece, in part, smaller, incomplete and within limits: each compared to the bit with the whole picture that one
 * call decodes. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec_test.h"
#include "pictures.h"
#include "random.h"
#include "streams.h"

enum { WIDTH = 150, HEIGHT = 1700, N_BANDS = 4, BAND_PIXELS = 448 /* as the encoder divides 1700 rows */,
    MAX_ROWS = 3400, REACH = 64 /* pixels; more than any model's halo so far */ };

/* A stream with alpha and direct blocks, of several groups for a few threads and longer than what a decoder looks at together. */
enum { TALL_WIDTH = 264, TALL_HEIGHT = 3300, TALL_BANDS = 7, TALL_BAND_PIXELS = 512 };

static test_random chance;
static ghm_image picture, whole; /* 4 bands; as decoded */
static ghm_buffer stream, tall;

static size_t row_bytes(const ghm_image *image)
{
    return image->width * image->pixel_stride;
}

static const uint8_t *row_of(const ghm_image *image, uint32_t y)
{
    return image->planes[0] + y * image->row_stride;
}

static ghm_buffer encode_tall(void)
{
    ghm_image noise = make_picture(PICTURE_NOISE, TALL_WIDTH, TALL_HEIGHT, 3);
    ghm_image screen = make_picture(PICTURE_SCREEN, TALL_WIDTH, TALL_HEIGHT, 4);
    ghm_image image;
    assert_int_equal(ghm_image_alloc_as(TALL_WIDTH, TALL_HEIGHT, GHM_RGBA, 8, &image, NULL), GHM_OK);
    for (uint32_t y = 0; y < TALL_HEIGHT; y++)
        for (uint32_t x = 0; x < TALL_WIDTH; x++) {
            const ghm_image *from = y / TALL_BAND_PIXELS % 3 == 1 ? &noise : &screen;
            uint8_t *pixel = image.planes[0] + y * image.row_stride + x * image.pixel_stride;
            for (int c = 0; c < 3; c++)
                pixel[c] = from->planes[c][y * from->row_stride + x * from->pixel_stride];
            pixel[3] = (uint8_t)(x + y / 7);
        }
    ghm_buffer out = encode_at(&image, 90);
    ghm_image_free(&noise);
    ghm_image_free(&screen);
    ghm_image_free(&image);
    return out;
}

static int set_up(void **state)
{
    if (open_model(state) != 0)
        return -1;
    chance = test_random_open("stream");
    picture = make_picture(PICTURE_SCREEN, WIDTH, HEIGHT, 5);
    stream = encode_with(&picture, NULL);
    whole = decode_sound(stream);
    tall = encode_tall();
    return 0;
}

static int tear_down(void **state)
{
    ghm_image_free(&picture);
    ghm_image_free(&whole);
    ghm_buffer_free(&stream);
    ghm_buffer_free(&tall);
    return close_model(state);
}

/* ---------------------------------------------------------------------------------------------- piece by piece */

/* Where rows and bytes of a test go. */
typedef struct sink {
    ghm_image image;    /* as high as rows have come */
    uint32_t n_calls, cancel_at; /* 0: never */
    ghm_buffer bytes;
} sink;

static int take_rows(void *user, uint32_t first_row, const ghm_image *rows)
{
    sink *s = user;
    assert_int_equal(first_row, s->image.height);
    assert_true(rows->height > 0);
    if (++s->n_calls == s->cancel_at)
        return 1;
    if (first_row == 0) {
        assert_int_equal(ghm_image_alloc_as(rows->width, MAX_ROWS, ghm_image_components(rows), rows->bit_depth, &s->image,
                                            NULL), GHM_OK);
        s->image.height = 0;
    }
    assert_true(s->image.height + rows->height <= MAX_ROWS);
    assert_int_equal(rows->width, s->image.width);
    assert_int_equal(rows->pixel_stride, s->image.pixel_stride);
    for (uint32_t y = 0; y < rows->height; y++)
        memcpy(s->image.planes[0] + (first_row + y) * s->image.row_stride, row_of(rows, y), row_bytes(rows));
    s->image.height += rows->height;
    return 0;
}

static int take_bytes(void *user, const uint8_t *data, size_t size)
{
    sink *s = user;
    if (++s->n_calls == s->cancel_at)
        return 1;
    s->bytes.data = realloc(s->bytes.data, s->bytes.size + size + 1);
    assert_non_null(s->bytes.data);
    memcpy(s->bytes.data + s->bytes.size, data, size);
    s->bytes.size += size;
    return 0;
}

static void free_sink(sink *s)
{
    ghm_image_free(&s->image);
    ghm_buffer_free(&s->bytes);
}

static void assert_same_picture(const ghm_image *a, const ghm_image *b)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->pixel_stride, b->pixel_stride);
    for (uint32_t y = 0; y < a->height; y++)
        assert_memory_equal(row_of(a, y), row_of(b, y), row_bytes(a));
}

/* Push pieces of at most max_piece bytes, then finish. */
static ghm_status push_all(const ghm_decode_settings *settings, ghm_buffer data, size_t max_piece, sink *to,
                           ghm_decode_report *report)
{
    ghm_decoder *decoder;
    ghm_status status = GHM_OK;
    assert_int_equal(ghm_decoder_open(model, settings, take_rows, to, &decoder, NULL), GHM_OK);
    for (size_t at = 0; at < data.size && status == GHM_OK;) {
        const size_t left = data.size - at, n = 1 + test_random_below(&chance, (uint32_t)max_piece);
        uint8_t *copy = malloc(n < left ? n : left); /* so that reading what was pushed before is seen by sanitizers */
        assert_non_null(copy);
        memcpy(copy, data.data + at, n < left ? n : left);
        status = ghm_decoder_push(decoder, copy, n < left ? n : left);
        free(copy);
        at += n < left ? n : left;
    }
    const ghm_status end = ghm_decoder_finish(decoder);
    if (status != GHM_OK)
        assert_int_equal(end, status);
    if (end != GHM_OK)
        assert_true(ghm_decoder_diagnostics(decoder)->text[0] != '\0');
    if (report)
        ghm_decoder_get_report(decoder, report);
    ghm_decoder_close(&decoder);
    assert_null(decoder);
    return end;
}

static void pushed_bytes_give_the_same_rows(void **state)
{
    (void)state;
    static const size_t pieces[] = { 1, 7, 3000, 1u << 30 };
    for (size_t i = 0; i < 4; i++)
        for (int threads = 1; threads <= 3; threads += 2) {
            sink rows = { 0 };
            ghm_decode_settings settings;
            ghm_decode_report report;
            ghm_decode_settings_default(&settings);
            settings.threads = threads;
            assert_int_equal(push_all(&settings, stream, pieces[i], &rows, &report), GHM_OK);
            assert_true(report.hash_compared && report.n_bands == N_BANDS && report.n_missing == 0);
            assert_same_picture(&rows.image, &whole);
            free_sink(&rows);
        }
}

static void pushed_rows_give_the_same_bytes(void **state)
{
    (void)state;
    static const uint32_t pieces[] = { 1, 50, 5000 };
    for (size_t i = 0; i < 3; i++) {
        sink bytes = { 0 };
        ghm_encoder *encoder;
        ghm_encode_settings settings;
        ghm_encode_settings_default(&settings);
        settings.threads = 1 + (int)i;
        assert_int_equal(ghm_encoder_open(model, &settings, &picture, take_bytes, &bytes, &encoder, NULL), GHM_OK);
        for (uint32_t y = 0; y < HEIGHT;) {
            const uint32_t n = 1 + test_random_below(&chance, pieces[i]);
            ghm_image rows = picture;
            rows.planes[0] += y * rows.row_stride;
            rows.planes[1] += y * rows.row_stride;
            rows.planes[2] += y * rows.row_stride;
            rows.height = n < HEIGHT - y ? n : HEIGHT - y;
            assert_int_equal(ghm_encoder_push(encoder, &rows), GHM_OK);
            y += rows.height;
        }
        assert_int_equal(ghm_encoder_finish(encoder), GHM_OK);
        assert_int_equal(ghm_encoder_finish(encoder), GHM_OK); /* once more changes nothing */
        ghm_encoder_close(&encoder);
        assert_int_equal(bytes.bytes.size, stream.size);
        assert_memory_equal(bytes.bytes.data, stream.data, stream.size);
        free_sink(&bytes);
    }
}

/* With little memory groups, slabs and windows are parts of the picture; alpha and more bits too. */
static void little_memory_gives_the_same(void **state)
{
    (void)state;
    enum { W = 600, H = 1990, ENOUGH = 9 << 20 };
    ghm_image image, strip;
    sink bytes = { 0 }, rows = { 0 };
    ghm_encoder *encoder;
    ghm_encode_settings settings;
    ghm_decode_settings decode_settings;
    ghm_buffer at_once = { 0 };
    ghm_decode_report report;
    assert_int_equal(ghm_image_alloc_as(W, H, GHM_GREY_ALPHA, 12, &image, NULL), GHM_OK);
    for (size_t y = 0; y < H; y++)
        for (size_t x = 0; x < W; x++) {
            uint16_t *pixel = (uint16_t *)(void *)(image.planes[0] + y * image.row_stride + x * 4);
            pixel[0] = (uint16_t)((x * 3 + y * 2) % 4096);
            pixel[1] = (uint16_t)((x / 100 + y / 50) % 3 ? 4095 : (x + y) % 4096);
        }
    ghm_encode_settings_default(&settings);
    settings.threads = 1;
    settings.quality = 20;
    assert_int_equal(ghm_encode_image(model, &settings, &image, &at_once, NULL), GHM_OK);
    settings.max_memory = ENOUGH;
    assert_int_equal(ghm_encoder_open(model, &settings, &image, take_bytes, &bytes, &encoder, NULL), GHM_OK);
    for (uint32_t y = 0; y < H; y += 10) {
        strip = image;
        strip.planes[0] += y * strip.row_stride;
        strip.planes[3] += y * strip.row_stride;
        strip.height = 10;
        assert_int_equal(ghm_encoder_push(encoder, &strip), GHM_OK);
    }
    assert_int_equal(ghm_encoder_finish(encoder), GHM_OK);
    ghm_encoder_close(&encoder);
    assert_true(bytes.n_calls > 2);
    assert_int_equal(bytes.bytes.size, at_once.size);
    assert_memory_equal(bytes.bytes.data, at_once.data, at_once.size);

    ghm_image decoded = decode_with(at_once, NULL, GHM_OK);
    ghm_decode_settings_default(&decode_settings);
    decode_settings.threads = 1;
    decode_settings.max_memory = ENOUGH;
    assert_int_equal(push_all(&decode_settings, at_once, 1000, &rows, &report), GHM_OK);
    assert_true(rows.n_calls > 8 && report.hash_compared);
    assert_same_picture(&rows.image, &decoded);
    ghm_image_free(&decoded);
    ghm_image_free(&image);
    ghm_buffer_free(&at_once);
    free_sink(&bytes);
    free_sink(&rows);
}

/* ---------------------------------------------------------------------------------------------- many groups */

static int note_progress(void *user, double done)
{
    double *latest = user;
    assert_true(done >= *latest && done <= 1);
    *latest = done;
    return 0;
}

static void bands_are_decoded_beside_strips(void **state)
{
    (void)state;
    static const int threads[] = { 1, 2, 3, 8 };
    static const size_t pieces[] = { 2000, 200000, 1u << 30 };
    static const struct { ghm_region region; unsigned scale; } parts[] = {
        { { 0, 0, 0, 0 }, 1 }, { { 100, TALL_BAND_PIXELS - 3, 90, 1700 }, 1 }, { { 0, 1700, TALL_WIDTH, 1600 }, 4 } };
    ghm_stream_info info;
    assert_int_equal(ghm_stream_get_info(tall.data, tall.size, &info, NULL), GHM_OK);
    print_message("%zu bytes, %zu direct blocks\n", tall.size, info.direct_blocks);
    assert_true(info.n_bands == TALL_BANDS && info.direct_blocks > 0 && tall.size > 600000);
    for (size_t part = 0; part < 3; part++) {
        ghm_decode_settings settings;
        ghm_decode_settings_default(&settings);
        settings.region = parts[part].region;
        settings.scale = parts[part].scale;
        settings.threads = 1;
        ghm_image expected = decode_with(tall, &settings, GHM_OK);
        for (size_t i = 0; i < 4; i++) {
            double progress = 0;
            sink rows = { 0 };
            settings.threads = threads[i];
            settings.progress = note_progress;
            settings.progress_user = &progress;
            ghm_image image = decode_with(tall, &settings, GHM_OK);
            assert_same_picture(&image, &expected);
            assert_true(progress == 1);
            progress = 0;
            assert_int_equal(push_all(&settings, tall, pieces[(part + i) % 3], &rows, NULL), GHM_OK);
            assert_same_picture(&rows.image, &expected);
            ghm_image_free(&image);
            free_sink(&rows);
        }
        ghm_image_free(&expected);
    }
}

/* What a push completes is given before it returns, whatever could be decoded beside it later. */
static void rows_do_not_wait_for_the_next_group(void **state)
{
    (void)state;
    ghm_decode_settings settings;
    ghm_decode_settings_default(&settings);
    settings.partial = 1;
    settings.threads = 2;
    for (size_t size = tall.size / 5; size < tall.size; size += tall.size / 5) {
        const ghm_buffer cut = { tall.data, size };
        ghm_decoder *decoder;
        ghm_decode_report report;
        sink rows = { 0 }, all = { 0 };
        (void)push_all(&settings, cut, size, &all, &report);
        const uint32_t n_found = TALL_BANDS - report.n_missing, end = n_found * TALL_BAND_PIXELS;
        const uint32_t expected = n_found < 2 ? 0 : end < TALL_HEIGHT ? end - REACH : TALL_HEIGHT; /* groups of two, then one */
        assert_int_equal(ghm_decoder_open(model, &settings, take_rows, &rows, &decoder, NULL), GHM_OK);
        assert_int_equal(ghm_decoder_push(decoder, cut.data, cut.size), GHM_OK);
        assert_true(rows.image.height >= expected && all.image.height == TALL_HEIGHT);
        for (uint32_t y = 0; y < rows.image.height; y++)
            assert_memory_equal(row_of(&rows.image, y), row_of(&all.image, y), row_bytes(&all.image));
        ghm_decoder_close(&decoder);
        free_sink(&rows);
        free_sink(&all);
    }
}

/* A stream with some of its bands, bit i of the set for band i, replaced by bytes that no decoder would accept. */
static ghm_buffer spoil_bands(ghm_buffer from, unsigned set)
{
    ghm_buffer copy = copy_stream(from);
    unsigned band = 0;
    test_chunk chunk;
    for (size_t at = FIRST_CHUNK; chunk_at(copy.data, copy.size, at, &chunk); at = chunk.last)
        if (copy.data[at] == 'B' && set >> band++ & 1)
            copy.data[(chunk.payload + chunk.crc) / 2] ^= 0x55;
    return copy;
}

/* A damaged band in every group of two: the same rows on any number of threads. Without `partial`, those above it. */
static void damage_stays_where_it_is(void **state)
{
    (void)state;
    static const int threads[] = { 2, 3, 8 };
    ghm_buffer spoiled = spoil_bands(tall, 1u << 1 | 1u << 2 | 1u << 4 | 1u << 6), late = spoil_bands(tall, 1u << 4);
    ghm_decode_settings settings;
    ghm_decode_settings_default(&settings);
    settings.threads = 1;
    ghm_image sound = decode_with(tall, &settings, GHM_OK);
    settings.partial = 1;
    ghm_image expected = decode_with(spoiled, &settings, GHM_ERR_BITSTREAM);
    for (size_t i = 0; i < 3; i++) {
        ghm_decode_report report;
        sink rows = { 0 };
        settings.threads = threads[i];
        settings.partial = 1;
        ghm_image image = decode_with(spoiled, &settings, GHM_ERR_BITSTREAM);
        assert_same_picture(&image, &expected);
        assert_int_equal(push_all(&settings, spoiled, 400000, &rows, &report), GHM_ERR_BITSTREAM);
        assert_same_picture(&rows.image, &expected);
        assert_true(report.n_missing == 4 && report.first_missing_row == TALL_BAND_PIXELS);
        ghm_image_free(&image);
        free_sink(&rows);

        rows = (sink){ 0 };
        settings.partial = 0;
        assert_int_equal(push_all(&settings, late, 400000, &rows, &report), GHM_ERR_BITSTREAM);
        for (uint32_t y = 0; y < rows.image.height; y++)
            assert_memory_equal(row_of(&rows.image, y), row_of(&sound, y), row_bytes(&sound));
        assert_true(rows.image.height + REACH >= 4 / (uint32_t)threads[i] * (uint32_t)threads[i] * TALL_BAND_PIXELS);
        free_sink(&rows);
    }
    ghm_image_free(&expected);
    ghm_image_free(&sound);
    ghm_buffer_free(&spoiled);
    ghm_buffer_free(&late);
}

/* ---------------------------------------------------------------------------------------------- looking at it */

/* What an inspector that gets `data` in small pieces tells of it is what the functions of whole streams tell. */
static void assert_inspected(ghm_buffer data)
{
    ghm_inspector *inspector;
    ghm_stream_info whole_info, info;
    ghm_decode_cost whole_cost, cost;
    ghm_metadata whole_metadata = { 0 }, metadata = { 0 };
    ghm_origin origin;
    memset(&whole_info, 0, sizeof whole_info);
    memset(&info, 0, sizeof info);
    const ghm_status status = ghm_stream_get_info(data.data, data.size, &whole_info, NULL);
    assert_int_equal(ghm_inspector_open(&inspector, NULL), GHM_OK);
    for (size_t at = 0; at < data.size;) {
        const size_t left = data.size - at, most = 1 + test_random_below(&chance, 500), n = most < left ? most : left;
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, data.data + at, n);
        const ghm_status pushed = ghm_inspector_push(inspector, copy, n, NULL);
        assert_true(pushed == GHM_OK || pushed == status);
        free(copy);
        at += n;
    }
    assert_int_equal(ghm_inspector_get_info(inspector, &info, NULL), status);
    assert_memory_equal(&info, &whole_info, sizeof info);
    assert_int_equal(ghm_inspector_get_origin(inspector, &origin), ghm_stream_get_origin(data.data, data.size, &origin));
    assert_int_equal(ghm_inspector_get_metadata(inspector, &metadata, NULL),
                     ghm_stream_get_metadata(data.data, data.size, &whole_metadata, NULL));
    for (int kind = 0; kind < GHM_N_METADATA_KINDS; kind++) {
        assert_int_equal(metadata.kinds[kind].size, whole_metadata.kinds[kind].size);
        if (metadata.kinds[kind].size > 0)
            assert_memory_equal(metadata.kinds[kind].data, whole_metadata.kinds[kind].data, metadata.kinds[kind].size);
    }
    if (status == GHM_OK) {
        assert_int_equal(ghm_inspector_get_cost(inspector, model, NULL, &cost, NULL), GHM_OK);
        assert_int_equal(ghm_decode_get_cost(model, NULL, data.data, data.size, &whole_cost, NULL), GHM_OK);
        assert_true(cost.memory == whole_cost.memory && cost.mac == whole_cost.mac);
    }
    ghm_metadata_free(&metadata);
    ghm_metadata_free(&whole_metadata);
    ghm_inspector_close(&inspector);
    assert_null(inspector);
}

/* The stream with metadata and an origin. */
static ghm_buffer encode_with_all(void)
{
    uint8_t exif[300], icc[2000];
    memset(exif, 'e', sizeof exif);
    memset(icc, 'i', sizeof icc);
    const ghm_metadata metadata = { { { icc, sizeof icc }, { exif, sizeof exif } } };
    const ghm_origin origin = { 12345, 67890 };
    ghm_encode_settings settings;
    ghm_buffer out = { 0 };
    ghm_encode_settings_default(&settings);
    settings.metadata = &metadata;
    settings.origin = &origin;
    assert_int_equal(ghm_encode_image(model, &settings, &picture, &out, NULL), GHM_OK);
    return out;
}

static void streams_are_inspected_in_pieces(void **state)
{
    (void)state;
    ghm_buffer all = encode_with_all();
    assert_inspected(stream);
    assert_inspected(all);
    for (int i = 0; i < 40; i++) /* cut, and with a byte changed */
        assert_inspected((ghm_buffer){ all.data, test_random_below(&chance, i < 20 ? 200 : (uint32_t)all.size) });
    for (int i = 0; i < 20; i++) {
        const size_t at = test_random_below(&chance, i < 10 ? 300 : (uint32_t)all.size);
        all.data[at] ^= 0x10;
        assert_inspected(all);
        all.data[at] ^= 0x10;
    }
    ghm_buffer_free(&all);
}

/* An origin in the settings gives the stream that ghm_stream_add_origin() makes of one without. */
static void origins_are_written_at_once(void **state)
{
    (void)state;
    const ghm_origin origin = { 3, UINT64_MAX };
    ghm_encode_settings settings;
    ghm_buffer at_once = { 0 }, added = { 0 };
    ghm_origin read = { 0, 0 };
    ghm_encode_settings_default(&settings);
    settings.origin = &origin;
    assert_int_equal(ghm_encode_image(model, &settings, &picture, &at_once, NULL), GHM_OK);
    assert_int_equal(ghm_encode_image(model, NULL, &picture, &added, NULL), GHM_OK);
    assert_int_equal(ghm_stream_add_origin(&added, &origin, NULL), GHM_OK);
    assert_int_equal(at_once.size, added.size);
    assert_memory_equal(at_once.data, added.data, added.size);
    assert_int_equal(ghm_stream_get_origin(at_once.data, at_once.size, &read), 1);
    assert_true(read.input_hash == origin.input_hash && read.options_hash == origin.options_hash);
    ghm_buffer_free(&at_once);
    ghm_buffer_free(&added);
}

/* ---------------------------------------------------------------------------------------------- parts, smaller */

static void assert_region(ghm_region r, const ghm_image *part)
{
    assert_int_equal(part->width, r.width);
    assert_int_equal(part->height, r.height);
    for (uint32_t y = 0; y < r.height; y++)
        assert_memory_equal(row_of(part, y), row_of(&whole, r.y + y) + r.x * whole.pixel_stride, row_bytes(part));
}

static void regions_are_parts_of_the_whole(void **state)
{
    (void)state;
    ghm_decode_settings settings;
    ghm_decode_settings_default(&settings);
    ghm_region cases[40] = { { 0, 0, WIDTH, HEIGHT }, { 0, 0, 1, 1 }, { WIDTH - 1, HEIGHT - 1, 1, 1 },
        { 0, BAND_PIXELS, WIDTH, 1 }, { 3, BAND_PIXELS - 1, 20, 2 }, { 0, 2 * BAND_PIXELS - 1, WIDTH, 1 } };
    size_t n = 6;
    for (uint32_t row = 0; row < 10; row++, n++) /* around where the halo meets a band's border */
        cases[n] = (ghm_region){ row, BAND_PIXELS - 80 + 16 * row, 40, 17 };
    for (; n < 40; n++) {
        cases[n] = (ghm_region){ test_random_below(&chance, WIDTH), test_random_below(&chance, HEIGHT), 0, 0 };
        cases[n].width = 1 + test_random_below(&chance, WIDTH - cases[n].x);
        cases[n].height = 1 + test_random_below(&chance, HEIGHT - cases[n].y);
    }
    for (size_t i = 0; i < n; i++) {
        settings.threads = 1 + (int)(i % 3);
        settings.region = cases[i];
        ghm_image part = decode_with(stream, &settings, GHM_OK);
        sink rows = { 0 };
        assert_region(cases[i], &part);
        assert_int_equal(push_all(&settings, stream, 5000, &rows, NULL), GHM_OK);
        assert_region(cases[i], &rows.image);
        ghm_image_free(&part);
        free_sink(&rows);
    }
}

static void regions_need_their_bands_only(void **state)
{
    (void)state;
    ghm_decode_settings settings;
    ghm_decode_cost cost, full;
    ghm_decode_settings_default(&settings);
    assert_int_equal(ghm_decode_get_cost(model, &settings, stream.data, stream.size, &full, NULL), GHM_OK);
    assert_int_equal(full.n_bands, N_BANDS);
    settings.region = (ghm_region){ 10, BAND_PIXELS + 200, 50, 30 };
    assert_int_equal(ghm_decode_get_cost(model, &settings, stream.data, stream.size, &cost, NULL), GHM_OK);
    assert_int_equal(cost.n_bands, 1);
    assert_true(cost.mac < full.mac / 2 && cost.width == 50 && cost.height == 30 && cost.image_bytes == 4500);

    /* Decodable though all other bands are damaged and the end is missing: piece by piece, nobody looks at them. */
    ghm_buffer spoiled = spoil_bands(stream, ~2u);
    sink rows = { 0 };
    settings.partial = 1;
    assert_int_equal(push_all(&settings, spoiled, 5000, &rows, NULL), GHM_OK);
    assert_region(settings.region, &rows.image);
    ghm_image part = decode_with(spoiled, &settings, GHM_OK);
    assert_region(settings.region, &part);
    ghm_image_free(&part);
    free_sink(&rows);
    ghm_buffer_free(&spoiled);

    settings.partial = 0;
    settings.region.y = HEIGHT - 29;
    assert_int_equal(ghm_decode_image(model, &settings, stream.data, stream.size, &part, NULL), GHM_ERR_ARGUMENT);
    settings.region = (ghm_region){ UINT32_MAX, 0, 2, 1 };
    assert_int_equal(ghm_decode_image(model, &settings, stream.data, stream.size, &part, NULL), GHM_ERR_ARGUMENT);
    settings.region = (ghm_region){ 0, 0, 5, 0 };
    assert_int_equal(ghm_decode_image(model, &settings, stream.data, stream.size, &part, NULL), GHM_ERR_ARGUMENT);
}

/* A smaller picture, at once; piece by piece it is the same. */
static ghm_image decode_smaller(unsigned scale, ghm_region region, int threads)
{
    ghm_decode_settings settings;
    sink rows = { 0 };
    ghm_decode_settings_default(&settings);
    settings.scale = scale;
    settings.region = region;
    settings.threads = threads;
    ghm_image small = decode_with(stream, &settings, GHM_OK);
    assert_int_equal(push_all(&settings, stream, 2000, &rows, NULL), GHM_OK);
    assert_same_picture(&rows.image, &small);
    free_sink(&rows);
    return small;
}

/* The mean of the difference of two pictures of a size, and their PSNR, of all samples. */
static double compare_pictures(const ghm_image *a, const ghm_image *b, double *psnr)
{
    double sum = 0, squares = 0;
    const double n = (double)row_bytes(a) * a->height;
    for (uint32_t y = 0; y < a->height; y++)
        for (size_t i = 0; i < row_bytes(a); i++) {
            const double d = (double)row_of(a, y)[i] - row_of(b, y)[i];
            sum += d;
            squares += d * d;
        }
    *psnr = 10 * log10(255 * 255 * n / (squares + 1e-9));
    return sum / n;
}

/* Of squares of side x side samples; those at the edges of what they have. */
static ghm_image box_means(const ghm_image *from, uint32_t side)
{
    ghm_image to;
    assert_int_equal(ghm_image_alloc((from->width + side - 1) / side, (from->height + side - 1) / side, &to, NULL), GHM_OK);
    for (uint32_t y = 0; y < to.height; y++)
        for (uint32_t x = 0; x < 3 * to.width; x++) {
            unsigned sum = 0, n = 0;
            for (uint32_t py = y * side; py < (y + 1) * side && py < from->height; py++)
                for (uint32_t px = x / 3 * side; px < (x / 3 + 1) * side && px < from->width; px++, n++)
                    sum += row_of(from, py)[3 * px + x % 3];
            to.planes[0][y * to.row_stride + x] = (uint8_t)((sum + n / 2) / n);
        }
    return to;
}

static void halves_are_means(void **state)
{
    (void)state;
    const ghm_region regions[] = { { 0, 0, WIDTH, HEIGHT }, { 11, 301, 67, 333 } };
    for (size_t i = 0; i < 2; i++) {
        ghm_image full = decode_smaller(1, regions[i], 1), half = decode_smaller(2, regions[i], 1), means = box_means(&full, 2);
        assert_same_picture(&half, &means);
        ghm_image_free(&full);
        ghm_image_free(&half);
        ghm_image_free(&means);
    }
}

/* From 1/4 on, of pixels that the filter has not seen: nearly the means, and as bright. */
static void previews_are_close_to_means(void **state)
{
    (void)state;
    for (unsigned scale = GHM_PREVIEW_SCALE; scale <= 16; scale *= 2) {
        ghm_image small = decode_smaller(scale, (ghm_region){ 0, 0, WIDTH, HEIGHT }, 1);
        ghm_image threads = decode_smaller(scale, (ghm_region){ 0, 0, WIDTH, HEIGHT }, 3);
        ghm_image means = box_means(&whole, scale);
        double psnr;
        assert_same_picture(&threads, &small);
        assert_true(fabs(compare_pictures(&small, &means, &psnr)) < 0.5);
        assert_true(psnr > 36);
        ghm_image_free(&small);
        ghm_image_free(&threads);
        ghm_image_free(&means);
    }
}

static void previews_of_regions_are_parts(void **state)
{
    (void)state;
    const ghm_region part = { 32, 304, 64, 336 };
    for (unsigned scale = GHM_PREVIEW_SCALE; scale <= 16; scale *= 2) {
        ghm_image all = decode_smaller(scale, (ghm_region){ 0, 0, WIDTH, HEIGHT }, 1), small = decode_smaller(scale, part, 2);
        for (uint32_t y = 0; y < small.height; y++)
            assert_memory_equal(row_of(&small, y), row_of(&all, part.y / scale + y) + 3 * (part.x / scale), row_bytes(&small));
        ghm_image_free(&all);
        ghm_image_free(&small);
    }
}

static void previews_do_not_depend_on_the_backend(void **state)
{
    (void)state;
    ghm_image here = decode_smaller(8, (ghm_region){ 0, 0, WIDTH, HEIGHT }, 1), portable;
    ghm_decode_settings settings;
    ghm_model *c;
    assert_int_equal(ghm_model_open_profile("fast", GHM_BACKEND_C, &c, NULL), GHM_OK);
    ghm_decode_settings_default(&settings);
    settings.scale = 8;
    assert_int_equal(ghm_decode_image(c, &settings, stream.data, stream.size, &portable, NULL), GHM_OK);
    assert_same_picture(&portable, &here);
    ghm_image_free(&portable);
    ghm_image_free(&here);
    ghm_model_close(&c);
}

static void other_scales_are_refused(void **state)
{
    (void)state;
    ghm_decode_settings settings;
    ghm_image none;
    ghm_decode_settings_default(&settings);
    settings.scale = 3;
    assert_int_equal(ghm_decode_image(model, &settings, stream.data, stream.size, &none, NULL), GHM_ERR_ARGUMENT);
}

/* ---------------------------------------------------------------------------------------------- incomplete */

static int is_grey(const ghm_image *image, uint32_t y)
{
    for (size_t i = 0; i < row_bytes(image); i++)
        if (row_of(image, y)[i] != 128)
            return 0;
    return 1;
}

/* Bands that are there equal the whole picture's, but for what the halo reaches; the others are grey. */
static void assert_partial(const ghm_image *image, const int missing[N_BANDS])
{
    assert_int_equal(image->width, WIDTH);
    assert_int_equal(image->height, HEIGHT);
    for (uint32_t y = 0; y < HEIGHT; y++) {
        const uint32_t band = y / BAND_PIXELS;
        const uint32_t above = (y > REACH ? y - REACH : 0) / BAND_PIXELS;
        const uint32_t below = (y + REACH < HEIGHT ? y + REACH : HEIGHT - 1) / BAND_PIXELS;
        if (missing[band])
            assert_true(is_grey(image, y));
        else if (!missing[above] && !missing[below])
            assert_memory_equal(row_of(image, y), row_of(&whole, y), row_bytes(image));
        else
            assert_false(is_grey(image, y));
    }
}

static void truncated_streams_give_what_arrived(void **state)
{
    (void)state;
    ghm_decode_settings settings;
    ghm_decode_settings_default(&settings);
    settings.partial = 1;
    for (int i = 0; i < 12; i++) {
        const ghm_buffer cut = { stream.data, 40 + (stream.size - 41) * (size_t)i / 11 };
        ghm_stream_info info;
        sink rows = { 0 };
        ghm_decode_report report;
        assert_int_equal(ghm_stream_get_info(cut.data, cut.size, &info, NULL), GHM_OK);
        assert_int_equal(push_all(&settings, cut, 3000, &rows, &report), GHM_ERR_TRUNCATED);
        ghm_image image = decode_with(cut, &settings, GHM_ERR_TRUNCATED);
        assert_same_picture(&rows.image, &image);
        int missing[N_BANDS];
        for (unsigned band = 0; band < N_BANDS; band++)
            missing[band] = band >= N_BANDS - report.n_missing;
        assert_partial(&image, missing);
        if (report.n_missing > 0) {
            assert_int_equal(report.first_missing_row, (N_BANDS - report.n_missing) * BAND_PIXELS);
            assert_int_equal(report.last_missing_row, HEIGHT - 1);
        }
        if (i == 0)
            assert_int_equal(report.n_missing, N_BANDS);
        if (i == 11)
            assert_int_equal(report.n_missing, 0);
        ghm_image_free(&image);
        free_sink(&rows);
    }
    /* Without its header a stream has nothing to give. */
    const ghm_buffer beginning = { stream.data, 10 };
    sink rows = { 0 };
    ghm_image none = decode_with(beginning, &settings, GHM_ERR_TRUNCATED);
    assert_null(none.owned);
    assert_int_equal(push_all(&settings, beginning, 3, &rows, NULL), GHM_ERR_TRUNCATED);
    assert_int_equal(rows.n_calls, 0);
}

/* The band in which a stream ends: the more of it has arrived, the nearer it is to the picture. */
static void cut_bands_show_what_arrived(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_SCENE, 300, 700, 9);
    ghm_buffer bytes = encode_at(&image, 70);
    ghm_image sound = decode_sound(bytes);
    test_chunk second = find_chunk(bytes, 'B');
    do
        assert_true(chunk_at(bytes.data, bytes.size, second.last, &second));
    while (bytes.data[second.first] != 'B');
    ghm_decode_settings settings;
    ghm_decode_settings_default(&settings);
    settings.partial = 1;
    double before = 0;
    for (size_t tenths = 1; tenths <= 10; tenths++) {
        const ghm_buffer cut = { bytes.data, second.payload + (second.crc - second.payload) * tenths / 10 };
        ghm_decode_report report;
        sink rows = { 0 };
        ghm_image part = decode_with(cut, &settings, GHM_ERR_TRUNCATED);
        assert_int_equal(push_all(&settings, cut, 1000, &rows, &report), GHM_ERR_TRUNCATED);
        assert_same_picture(&rows.image, &part);
        assert_true(report.n_missing == 1 && report.last_missing_row == 699);
        for (uint32_t y = 0; y + REACH < report.first_missing_row; y++)
            assert_memory_equal(row_of(&part, y), row_of(&sound, y), row_bytes(&part));
        const double psnr = picture_psnr(&part, &sound);
        print_message("%zu tenths: %.2f dB\n", tenths, psnr);
        assert_true(psnr > before);
        before = psnr;
        free_sink(&rows);
        ghm_image_free(&part);
    }
    assert_true(before > 40);
    ghm_image_free(&sound);
    ghm_image_free(&image);
    ghm_buffer_free(&bytes);
}

/* Colours without their alpha are opaque. */
static void cut_alpha_is_opaque(void **state)
{
    (void)state;
    ghm_image image;
    ghm_decode_settings settings;
    assert_int_equal(ghm_image_alloc_as(90, 70, GHM_GREY_ALPHA, 10, &image, NULL), GHM_OK);
    for (uint32_t y = 0; y < 70; y++)
        for (uint32_t x = 0; x < 90; x++) {
            set_picture_sample(&image, 0, x, y, 3 * (x + y));
            set_picture_sample(&image, 3, x, y, x * y % 1024);
        }
    ghm_buffer bytes = encode_at(&image, 60);
    ghm_image sound = decode_sound(bytes);
    ghm_decode_settings_default(&settings);
    settings.partial = 1;
    ghm_image part = decode_with((ghm_buffer){ bytes.data, find_chunk(bytes, 'A').payload + 3 }, &settings, GHM_ERR_TRUNCATED);
    for (uint32_t y = 0; y < 70; y++)
        for (uint32_t x = 0; x < 90; x++) {
            assert_int_equal(picture_sample(&part, 0, x, y), picture_sample(&sound, 0, x, y));
            assert_int_equal(picture_sample(&part, 3, x, y), 1023);
        }
    ghm_image_free(&part);
    ghm_image_free(&sound);
    ghm_image_free(&image);
    ghm_buffer_free(&bytes);
}

static void damaged_bands_become_grey(void **state)
{
    (void)state;
    const int missing[N_BANDS] = { 1, 0, 0, 1 };
    ghm_buffer spoiled = spoil_bands(stream, ~6u);
    ghm_decode_settings settings;
    ghm_decode_report report;
    sink rows = { 0 };
    ghm_decode_settings_default(&settings);
    ghm_image image = decode_with(spoiled, &settings, GHM_ERR_BITSTREAM);
    assert_null(image.owned);
    settings.partial = 1;
    image = decode_with(spoiled, &settings, GHM_ERR_BITSTREAM);
    assert_partial(&image, missing);
    assert_int_equal(push_all(&settings, spoiled, 3000, &rows, &report), GHM_ERR_BITSTREAM);
    assert_same_picture(&rows.image, &image);
    assert_int_equal(report.n_missing, 2);
    assert_int_equal(report.first_missing_row, 0);
    assert_int_equal(report.last_missing_row, HEIGHT - 1);
    free_sink(&rows);

    /* One band after the other: the first is known to be damaged long before the last arrives. */
    settings.threads = 1;
    ghm_status status = GHM_ERR_LIMIT;
    for (settings.max_memory = 1 << 19; status == GHM_ERR_LIMIT; settings.max_memory += 1 << 16) { /* the least it takes */
        free_sink(&rows);
        rows = (sink){ .n_calls = 0 };
        status = push_all(&settings, spoiled, 300, &rows, &report);
    }
    settings.max_memory = 0;
    assert_int_equal(status, GHM_ERR_BITSTREAM);
    assert_same_picture(&rows.image, &image);
    assert_int_equal(report.n_missing, 2);
    free_sink(&rows);

    /* Of a region too, whose last byte is not the stream's. */
    rows = (sink){ .n_calls = 0 };
    settings.region = (ghm_region){ 0, 0, WIDTH, BAND_PIXELS };
    assert_int_equal(push_all(&settings, spoiled, 300, &rows, &report), GHM_ERR_BITSTREAM);
    assert_int_equal(report.n_missing, 1);
    ghm_image part = decode_with(spoiled, &settings, GHM_ERR_BITSTREAM);
    assert_same_picture(&rows.image, &part);
    free_sink(&rows);
    ghm_image_free(&part);
    ghm_image_free(&image);
    ghm_buffer_free(&spoiled);
}

static void pushing_notices_what_one_call_notices(void **state)
{
    (void)state;
    ghm_buffer copy = { malloc(stream.size + 1), stream.size + 1 };
    assert_non_null(copy.data);
    for (int i = 0; i < 300; i++) {
        sink rows = { 0 };
        ghm_image image = { 0 };
        memcpy(copy.data, stream.data, stream.size);
        copy.size = stream.size;
        if (i == 0)
            copy.data[copy.size++] = 0; /* after the end */
        else if (i % 2)
            copy.size = test_random_below(&chance, (uint32_t)stream.size);
        else
            copy.data[test_random_below(&chance, (uint32_t)stream.size)] ^= (uint8_t)(1 + test_random_below(&chance, 255));
        const ghm_status status = ghm_decode_image(model, NULL, copy.data, copy.size, &image, NULL);
        assert_int_not_equal(status, GHM_OK);
        const ghm_status pushed = push_all(NULL, copy, 20000, &rows, NULL);
        assert_true(pushed == status || (pushed != GHM_OK && i % 2 == 0)); /* of two faults the first or the last is found */
        free_sink(&rows);
    }
    ghm_buffer_free(&copy);
}

/* ---------------------------------------------------------------------------------------------- limits */

/* An allocator that counts, and fails when asked to. */
typedef struct counter {
    size_t used, peak;
    long n_calls, fail_at; /* -1: never */
} counter;

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

static void *count_allocate(void *user, size_t size)
{
    counter *c = user;
    pthread_mutex_lock(&counting);
    const bool fails = c->n_calls++ == c->fail_at;
    c->used += fails ? 0 : size;
    c->peak = c->used > c->peak ? c->used : c->peak;
    pthread_mutex_unlock(&counting);
    if (fails)
        return NULL;
    size_t *block = malloc(size + 2 * sizeof(size_t) + 16);
    assert_non_null(block);
    block[0] = size;
    memset(block + 2, 0xa5, size); /* nobody may count on zeros */
    return block + 2;
}

static void count_release(void *user, void *block)
{
    counter *c = user;
    size_t *start = (size_t *)block - 2;
    pthread_mutex_lock(&counting);
    c->used -= start[0];
    pthread_mutex_unlock(&counting);
    free(start);
}

static void cost_bounds_the_memory_taken(void **state)
{
    (void)state;
    static const size_t pieces[] = { 100, 10000, 1u << 30 };
    const ghm_buffer streams[] = { stream, tall };
    for (size_t i = 0; i < 9; i++) {
        const ghm_buffer bytes = streams[i / 6];
        counter c = { .fail_at = -1 };
        ghm_decode_settings settings;
        ghm_decode_cost cost;
        sink rows = { 0 };
        ghm_decode_settings_default(&settings);
        settings.threads = i < 3 ? 1 : 2;
        settings.allocator = (ghm_allocator){ count_allocate, count_release, &c };
        assert_int_equal(ghm_decode_get_cost(model, &settings, bytes.data, bytes.size, &cost, NULL), GHM_OK);
        assert_int_equal(c.n_calls, 0);
        assert_int_equal(push_all(&settings, bytes, pieces[i % 3], &rows, NULL), GHM_OK);
        print_message("told %llu bytes, took %zu\n", (unsigned long long)cost.memory, c.peak);
        assert_int_equal(c.used, 0);
        assert_true(c.peak <= cost.memory && cost.memory < 2 * c.peak);
        free_sink(&rows);

        rows = (sink){ 0 };
        settings.max_memory = cost.memory;
        assert_int_equal(push_all(&settings, bytes, pieces[i % 3], &rows, NULL), GHM_OK);
        free_sink(&rows);
        rows = (sink){ 0 };
        settings.max_memory = 1; /* refuses no question */
        assert_int_equal(ghm_decode_get_cost(model, &settings, bytes.data, bytes.size, &cost, NULL), GHM_OK);
        settings.max_memory = c.peak / 6;
        c.peak = 0;
        assert_int_equal(push_all(&settings, bytes, pieces[i % 3], &rows, NULL), GHM_ERR_LIMIT);
        assert_true(c.peak <= settings.max_memory && c.used == 0 && rows.n_calls == 0);
        ghm_image none = decode_with(bytes, &settings, GHM_ERR_LIMIT);
        assert_null(none.owned);
    }
}

static ghm_status encode_counted(counter *c, uint64_t max_memory, ghm_buffer *out)
{
    ghm_encode_settings settings;
    ghm_encode_settings_default(&settings);
    settings.threads = 1;
    settings.allocator = (ghm_allocator){ count_allocate, count_release, c };
    settings.max_memory = max_memory;
    return ghm_encode_image(model, &settings, &picture, out, NULL);
}

static void encoders_keep_to_limits(void **state)
{
    (void)state;
    counter c = { .fail_at = -1 };
    ghm_buffer out = { 0 };
    assert_int_equal(encode_counted(&c, 0, &out), GHM_OK);
    assert_int_equal(out.size, stream.size);
    ghm_buffer_free(&out);
    assert_int_equal(c.used, 0);
    const size_t peak = c.peak;
    assert_int_equal(encode_counted(&c, peak, &out), GHM_OK);
    ghm_buffer_free(&out);
    assert_int_equal(encode_counted(&c, peak / 6, &out), GHM_ERR_LIMIT);
    assert_null(out.data);
    assert_int_equal(c.used, 0);
}

/* Whatever it was that did not fit: alpha, metadata, the stream. */
static void a_limit_is_called_a_limit(void **state)
{
    (void)state;
    enum { METADATA = 300000 };
    ghm_image image;
    ghm_metadata metadata = { 0 };
    ghm_encode_settings settings;
    counter c = { .fail_at = -1 };
    ghm_buffer out = { 0 };
    assert_int_equal(ghm_image_alloc_as(120, 200, GHM_RGBA, 8, &image, NULL), GHM_OK);
    for (size_t i = 0; i < image.row_stride * image.height; i++)
        image.planes[0][i] = (uint8_t)test_random_below(&chance, 256);
    uint8_t *profile = malloc(METADATA);
    assert_non_null(profile);
    for (size_t i = 0; i < METADATA; i++)
        profile[i] = (uint8_t)test_random_below(&chance, 256);
    ghm_encode_settings_default(&settings);
    settings.threads = 1;
    settings.allocator = (ghm_allocator){ count_allocate, count_release, &c };
    assert_int_equal(ghm_encode_image(model, &settings, &image, &out, NULL), GHM_OK);
    ghm_buffer_free(&out);
    const size_t without = c.peak;
    metadata.kinds[GHM_METADATA_ICC] = (ghm_buffer){ profile, METADATA };
    settings.metadata = &metadata;
    c.peak = 0;
    assert_int_equal(ghm_encode_image(model, &settings, &image, &out, NULL), GHM_OK);
    ghm_buffer_free(&out);
    const size_t with = c.peak;
    assert_true(with >= METADATA && with <= without + 2 * METADATA);
    int n_refused = 0;
    for (settings.max_memory = with; settings.max_memory > with / 3; settings.max_memory -= with / 400) {
        ghm_diagnostics diag = { "" };
        const ghm_status status = ghm_encode_image(model, &settings, &image, &out, &diag);
        assert_true(status == GHM_OK || status == GHM_ERR_LIMIT);
        assert_int_equal(c.used, 0);
        n_refused += status != GHM_OK;
        ghm_buffer_free(&out);
    }
    print_message("%d limits were too low\n", n_refused);
    assert_true(n_refused > 20);
    free(profile);
    ghm_image_free(&image);
}

/* Every allocation fails once: an error each time, and nothing is kept. */
static void failing_allocations_are_survived(void **state)
{
    (void)state;
    ghm_image small = make_picture(PICTURE_SCREEN, 60, 40, 1);
    ghm_buffer bytes = { 0 };
    assert_int_equal(ghm_encode_image(model, NULL, &small, &bytes, NULL), GHM_OK);
    int n_decodes = 0, n_encodes = 0;
    for (ghm_status status = GHM_ERR_MEMORY; status != GHM_OK; n_decodes++) {
        counter c = { .fail_at = n_decodes };
        sink rows = { 0 };
        ghm_decoder *decoder;
        ghm_decode_settings settings;
        ghm_decode_settings_default(&settings);
        settings.threads = 1;
        settings.allocator = (ghm_allocator){ count_allocate, count_release, &c };
        status = ghm_decoder_open(model, &settings, take_rows, &rows, &decoder, NULL);
        if (status == GHM_OK) {
            (void)ghm_decoder_push(decoder, bytes.data, bytes.size);
            status = ghm_decoder_finish(decoder);
        }
        ghm_decoder_close(&decoder);
        assert_true(status == GHM_OK || status == GHM_ERR_MEMORY);
        assert_int_equal(c.used, 0);
        free_sink(&rows);
    }
    for (ghm_status status = GHM_ERR_MEMORY; status != GHM_OK; n_encodes++) {
        counter c = { .fail_at = n_encodes };
        sink out = { 0 };
        ghm_encoder *encoder;
        ghm_encode_settings settings;
        ghm_encode_settings_default(&settings);
        settings.threads = 1;
        settings.allocator = (ghm_allocator){ count_allocate, count_release, &c };
        status = ghm_encoder_open(model, &settings, &small, take_bytes, &out, &encoder, NULL);
        if (status == GHM_OK) {
            (void)ghm_encoder_push(encoder, &small);
            status = ghm_encoder_finish(encoder);
        }
        ghm_encoder_close(&encoder);
        assert_true(status == GHM_OK || status == GHM_ERR_MEMORY);
        assert_int_equal(c.used, 0);
        free_sink(&out);
    }
    print_message("%d and %d allocations failed\n", n_decodes - 1, n_encodes - 1);
    assert_true(n_decodes > 20 && n_encodes > 20);
    ghm_image_free(&small);
    ghm_buffer_free(&bytes);
}

/* ---------------------------------------------------------------------------------------------- other */

static int stop(void *user, double done)
{
    (void)user;
    return done > 0;
}

typedef struct progress_log {
    int n_calls;
    double last;
} progress_log;

static int log_progress(void *user, double done)
{
    progress_log *log = user;
    assert_true(done >= log->last && done <= 1);
    log->n_calls++;
    log->last = done;
    return 0;
}

/* One band, and networks that take a second for it: still there is something to tell, and pixels do not depend on it. */
static void progress_is_told_within_a_band(void **state)
{
    (void)state;
    ghm_model *slow;
    ghm_image image = make_picture(PICTURE_SCENE, 700, 500, 1), out = { 0 }, quiet = { 0 };
    ghm_buffer bytes = { 0 }, plain = { 0 };
    ghm_encode_settings settings;
    ghm_decode_settings decode_settings;
    progress_log encoding = { 0 }, decoding = { 0 };
    assert_int_equal(ghm_model_open_profile("best", GHM_BACKEND_AUTO, &slow, NULL), GHM_OK);
    ghm_encode_settings_default(&settings);
    settings.threads = 1;
    assert_int_equal(ghm_encode_image(slow, &settings, &image, &plain, NULL), GHM_OK);
    settings.progress = log_progress;
    settings.progress_user = &encoding;
    assert_int_equal(ghm_encode_image(slow, &settings, &image, &bytes, NULL), GHM_OK);
    assert_int_equal(bytes.size, plain.size);
    assert_memory_equal(bytes.data, plain.data, bytes.size);
    assert_int_equal(ghm_decode_image(slow, NULL, bytes.data, bytes.size, &quiet, NULL), GHM_OK);
    ghm_decode_settings_default(&decode_settings);
    decode_settings.threads = 1;
    decode_settings.progress = log_progress;
    decode_settings.progress_user = &decoding;
    assert_int_equal(ghm_decode_image(slow, &decode_settings, bytes.data, bytes.size, &out, NULL), GHM_OK);
    assert_same_picture(&out, &quiet);
    print_message("%d and %d calls\n", encoding.n_calls, decoding.n_calls);
    assert_true(encoding.n_calls >= 4 && encoding.last == 1 && decoding.n_calls >= 3 && decoding.last == 1);
    ghm_buffer_free(&bytes);
    ghm_buffer_free(&plain);
    ghm_image_free(&image);
    ghm_image_free(&out);
    ghm_image_free(&quiet);
    ghm_model_close(&slow);
}

static void callers_may_cancel(void **state)
{
    (void)state;
    sink rows = { .cancel_at = 1 };
    ghm_decode_settings settings;
    assert_int_equal(push_all(NULL, stream, 5000, &rows, NULL), GHM_ERR_CANCELLED);
    assert_int_equal(rows.n_calls, 1);
    ghm_decode_settings_default(&settings);
    settings.progress = stop;
    rows = (sink){ 0 };
    assert_int_equal(push_all(&settings, stream, 5000, &rows, NULL), GHM_ERR_CANCELLED);
    free_sink(&rows);

    ghm_decoder *decoder;
    ghm_encoder *encoder;
    assert_int_equal(ghm_decoder_open(model, NULL, NULL, NULL, &decoder, NULL), GHM_ERR_ARGUMENT); /* nobody to tell */
    assert_int_equal(ghm_encoder_open(model, NULL, &picture, NULL, NULL, &encoder, NULL), GHM_ERR_ARGUMENT);
    assert_true(!decoder && !encoder);
    sink bytes = { .cancel_at = 1 };
    assert_int_equal(ghm_encoder_open(model, NULL, &picture, take_bytes, &bytes, &encoder, NULL), GHM_OK);
    assert_int_equal(ghm_encoder_push(encoder, &picture), GHM_ERR_CANCELLED);
    assert_int_equal(ghm_encoder_finish(encoder), GHM_ERR_CANCELLED);
    assert_true(ghm_encoder_diagnostics(encoder)->text[0] != '\0');
    ghm_encoder_close(&encoder);
    free_sink(&bytes);
}

static void wrong_rows_are_refused(void **state)
{
    (void)state;
    sink bytes = { 0 };
    ghm_encoder *encoder;
    ghm_image rows = picture;
    assert_int_equal(ghm_encoder_open(model, NULL, &picture, take_bytes, &bytes, &encoder, NULL), GHM_OK);
    assert_int_equal(ghm_encoder_finish(encoder), GHM_ERR_ARGUMENT);
    ghm_encoder_close(&encoder);
    assert_int_equal(ghm_encoder_open(model, NULL, &picture, take_bytes, &bytes, &encoder, NULL), GHM_OK);
    rows.width--;
    assert_int_equal(ghm_encoder_push(encoder, &rows), GHM_ERR_ARGUMENT);
    ghm_encoder_close(&encoder);
    assert_int_equal(ghm_encoder_open(model, NULL, &picture, take_bytes, &bytes, &encoder, NULL), GHM_OK);
    rows = picture;
    rows.height++;
    assert_int_equal(ghm_encoder_push(encoder, &rows), GHM_ERR_ARGUMENT);
    ghm_encoder_close(&encoder);
    ghm_encoder_close(&encoder); /* of NULL */
    free_sink(&bytes);
}

static void formats_and_metadata_come_with_the_first_bytes(void **state)
{
    (void)state;
    uint8_t profile[3000];
    for (size_t i = 0; i < sizeof profile; i++)
        profile[i] = (uint8_t)test_random_below(&chance, 256);
    ghm_metadata in = { 0 }, out = { 0 };
    in.kinds[GHM_METADATA_ICC] = (ghm_buffer){ profile, sizeof profile };
    ghm_encode_settings settings;
    ghm_decode_settings decode_settings;
    ghm_buffer bytes = { 0 };
    sink rows = { 0 };
    ghm_decoder *decoder;
    ghm_image format;
    ghm_encode_settings_default(&settings);
    settings.metadata = &in;
    assert_int_equal(ghm_encode_image(model, &settings, &picture, &bytes, NULL), GHM_OK);
    ghm_decode_settings_default(&decode_settings);
    decode_settings.scale = 4;
    assert_int_equal(ghm_decoder_open(model, &decode_settings, take_rows, &rows, &decoder, NULL), GHM_OK);
    assert_int_equal(ghm_decoder_get_format(decoder, &format), GHM_ERR_TRUNCATED);
    for (size_t at = 0; at < 3200; at += 100)
        assert_int_equal(ghm_decoder_push(decoder, bytes.data + at, 100), GHM_OK);
    assert_int_equal(ghm_decoder_get_format(decoder, &format), GHM_OK);
    assert_true(format.width == 38 && format.height == 425 && ghm_image_components(&format) == GHM_RGB);
    assert_int_equal(ghm_decoder_push(decoder, bytes.data + 3200, bytes.size - 3200), GHM_OK);
    assert_int_equal(ghm_decoder_finish(decoder), GHM_OK);
    assert_int_equal(ghm_decoder_get_metadata(decoder, &out, NULL), GHM_OK);
    assert_int_equal(out.kinds[GHM_METADATA_ICC].size, sizeof profile);
    assert_memory_equal(out.kinds[GHM_METADATA_ICC].data, profile, sizeof profile);
    ghm_decoder_close(&decoder);
    ghm_metadata_free(&out);
    ghm_buffer_free(&bytes);
    free_sink(&rows);
}

static void library_and_header_agree(void **state)
{
    (void)state;
    assert_int_equal(ghm_abi_version(), GHM_ABI_VERSION);
}

/* [NAME]: those tests alone, a pattern. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pushed_bytes_give_the_same_rows),
        cmocka_unit_test(pushed_rows_give_the_same_bytes),
        cmocka_unit_test(little_memory_gives_the_same),
        cmocka_unit_test(bands_are_decoded_beside_strips),
        cmocka_unit_test(rows_do_not_wait_for_the_next_group),
        cmocka_unit_test(damage_stays_where_it_is),
        cmocka_unit_test(streams_are_inspected_in_pieces),
        cmocka_unit_test(origins_are_written_at_once),
        cmocka_unit_test(regions_are_parts_of_the_whole),
        cmocka_unit_test(regions_need_their_bands_only),
        cmocka_unit_test(halves_are_means),
        cmocka_unit_test(previews_are_close_to_means),
        cmocka_unit_test(previews_of_regions_are_parts),
        cmocka_unit_test(previews_do_not_depend_on_the_backend),
        cmocka_unit_test(other_scales_are_refused),
        cmocka_unit_test(truncated_streams_give_what_arrived),
        cmocka_unit_test(cut_bands_show_what_arrived),
        cmocka_unit_test(cut_alpha_is_opaque),
        cmocka_unit_test(damaged_bands_become_grey),
        cmocka_unit_test(pushing_notices_what_one_call_notices),
        cmocka_unit_test(cost_bounds_the_memory_taken),
        cmocka_unit_test(encoders_keep_to_limits),
        cmocka_unit_test(a_limit_is_called_a_limit),
        cmocka_unit_test(failing_allocations_are_survived),
        cmocka_unit_test(progress_is_told_within_a_band),
        cmocka_unit_test(callers_may_cancel),
        cmocka_unit_test(wrong_rows_are_refused),
        cmocka_unit_test(formats_and_metadata_come_with_the_first_bytes),
        cmocka_unit_test(library_and_header_agree),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
