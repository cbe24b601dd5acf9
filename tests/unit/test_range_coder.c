/* The range coder alone: what goes in comes out, nothing is wasted, and no bytes can lead the decoder astray. */
#include "entropy_test.h"

#include "entropy/range_decoder.h"
#include "entropy/range_encoder.h"

typedef struct event {
    uint32_t cum_lo, cum_hi;
    int precision;
} event;

static event random_event(test_random *t)
{
    const int precision = 1 + (int)test_random_below(t, 16);
    const uint32_t total = 1u << precision, a = test_random_below(t, total), b = test_random_below(t, total);
    if (test_random_below(t, 4) == 0) /* the narrowest events cost most and shift most */
        return (event){ a, a + 1, precision };
    return (event){ a < b ? a : b, (a < b ? b : a) + 1, precision };
}

static event *random_events(test_random *t, size_t n)
{
    event *events = malloc((n + 1) * sizeof *events);
    assert_non_null(events);
    for (size_t i = 0; i < n; i++)
        events[i] = random_event(t);
    return events;
}

static void encode(bytes_writer *out, const event *events, size_t n)
{
    range_encoder e;
    range_encoder_init(&e, out);
    for (size_t i = 0; i < n; i++)
        range_encode(&e, events[i].cum_lo, events[i].cum_hi, events[i].precision);
    assert_true(range_encoder_finish(&e));
}

/* How many of the events the bytes decode to, and the decoder after them. */
static size_t decode(range_decoder *d, const uint8_t *data, size_t size, const event *events, size_t n)
{
    range_decoder_init(d, data, size);
    for (size_t i = 0; i < n; i++) {
        const uint32_t v = range_decode_target(d, events[i].precision);
        if (v < events[i].cum_lo || v >= events[i].cum_hi)
            return i;
        range_decode_update(d, events[i].cum_lo, events[i].cum_hi, events[i].precision);
    }
    return n;
}

static void an_empty_stream_has_no_bytes(void **state)
{
    (void)state;
    bytes_writer out = { 0 };
    encode(&out, NULL, 0);
    assert_int_equal(out.size, 0);
    free(out.data);

    range_decoder d;
    range_decoder_init(&d, NULL, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(range_decode_bits(&d, 16), 0);
    assert_int_equal(range_decoder_bytes_left(&d), 0);
}

/* The example of RANGE_CODER.md. */
static void the_example_has_its_bytes(void **state)
{
    (void)state;
    static const event events[] = { { 3, 4, 2 }, { 20000, 60000, 16 }, { 0xabcd, 0xabce, 16 }, { 0, 1, 1 }, { 77, 78, 16 } };
    static const uint8_t expected[] = { 0xed, 0xbe, 0xf7, 0xd5, 0xe0 };
    bytes_writer out = { 0 };
    encode(&out, events, 5);
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    free(out.data);
}

static void random_events_come_back(void **state)
{
    (void)state;
    test_random t = test_random_open("round trips");
    for (int run = 0; run < 2000; run++) {
        const size_t n = test_random_below(&t, run % 100 == 0 ? 20000 : 60);
        event *events = random_events(&t, n);
        bytes_writer out = { 0 };
        encode(&out, events, n);
        uint8_t *data = test_exact_copy(out.data, out.size);
        range_decoder d;
        assert_int_equal(decode(&d, data, out.size, events, n), n);
        assert_int_equal(range_decoder_bytes_left(&d), 0);
        assert_false(d.damaged);
        free(data);
        free(out.data);
        free(events);
    }
}

static void raw_bits_come_back(void **state)
{
    (void)state;
    test_random t = test_random_open("raw bits");
    const test_random start = t;
    bytes_writer out = { 0 };
    range_encoder e;
    range_encoder_init(&e, &out);
    for (int i = 0; i < 100000; i++) {
        const int n = 1 + (int)test_random_below(&t, 16);
        range_encode_bits(&e, test_random_below(&t, 1u << n), n);
    }
    assert_true(range_encoder_finish(&e));
    range_decoder d;
    range_decoder_init(&d, out.data, out.size);
    t = start;
    for (int i = 0; i < 100000; i++) {
        const int n = 1 + (int)test_random_below(&t, 16);
        assert_int_equal(range_decode_bits(&d, n), test_random_below(&t, 1u << n));
    }
    free(out.data);
}

/* Keep 2^63 in the interval for as long as wished: the bytes written are those just below it, 7F FF FF FF ..., until one
 * more event decides that the number is above after all (the carry runs through all of them), or below. */
static void carries_run_through_long_runs(void **state)
{
    (void)state;
    enum { MAX_EVENTS = 20000 };
    event *events = malloc((MAX_EVENTS + 1) * sizeof *events);
    assert_non_null(events);
    for (int above = 0; above < 2; above++)
        for (size_t n = 1; n <= MAX_EVENTS; n = n * 3 + 1) {
            bytes_writer out = { 0 };
            const uint8_t before[5] = { 0xff, 0xff, 0xff, 0xff, 0xff };
            bytes_put(&out, before, sizeof before);
            range_encoder e;
            range_encoder_init(&e, &out);
            uint64_t distance = (uint64_t)1 << 63; /* from low to the number kept inside */
            for (size_t i = 0; i < n; i++) {
                const uint64_t r = e.range >> 16;
                const uint32_t v = (uint32_t)(distance / r);
                const size_t size = out.size;
                events[i] = (event){ v, v + 1, 16 };
                range_encode(&e, v, v + 1, 16);
                distance = (distance - r * v) << (out.size > size ? 32 : 0);
            }
            for (size_t i = 5; i < out.size; i++)
                assert_int_equal(out.data[i], i == 5 ? 0x7f : 0xff);
            const size_t run = out.size;
            const uint32_t v = (uint32_t)(distance / (e.range >> 16));
            events[n] = above ? (event){ v + 1, 65536, 16 } : (event){ 0, v > 0 ? v : 1, 16 };
            range_encode(&e, events[n].cum_lo, events[n].cum_hi, 16);
            assert_true(range_encoder_finish(&e));
            assert_memory_equal(out.data, before, sizeof before);
            for (size_t i = 5; above && i < run && i < out.size; i++)
                assert_int_equal(out.data[i], i == 5 ? 0x80 : 0);
            range_decoder d;
            assert_int_equal(decode(&d, out.data + 5, out.size - 5, events, n + 1), n + 1);
            free(out.data);
        }
    free(events);
}

/* Is there a stream of `size` bytes for the events, given a longer one in `data`? The streams that fit are an interval, so
 * if any of this size does, then one of the two next to the longer one: cut off, or cut off and 1 added. */
static bool fits_in(const uint8_t *data, size_t size, const event *events, size_t n)
{
    uint8_t *shorter = test_exact_copy(data, size);
    range_decoder d;
    bool fits = decode(&d, shorter, size, events, n) == n;
    size_t i = size;
    while (i > 0 && ++shorter[i - 1] == 0)
        i--;
    if (i > 0)
        fits |= decode(&d, shorter, size, events, n) == n;
    free(shorter);
    return fits;
}

static void no_shorter_stream_exists(void **state)
{
    (void)state;
    test_random t = test_random_open("termination");
    for (int run = 0; run < 20000; run++) {
        const size_t n = 1 + test_random_below(&t, 12);
        event *events = random_events(&t, n);
        bytes_writer out = { 0 };
        encode(&out, events, n);
        if (out.size > 0) {
            assert_int_not_equal(out.data[out.size - 1], 0);
            assert_false(fits_in(out.data, out.size - 1, events, n));
        }
        free(out.data);
        free(events);
    }
}

static void a_cut_stream_decodes_up_to_the_cut(void **state)
{
    (void)state;
    test_random t = test_random_open("cuts");
    enum { N = 300 };
    event *events = random_events(&t, N);
    bytes_writer out = { 0 };
    encode(&out, events, N);
    size_t before = 0;
    for (size_t size = 0; size <= out.size; size++) {
        uint8_t *data = test_exact_copy(out.data, size);
        range_decoder d;
        const size_t n = decode(&d, data, size, events, N);
        assert_true(n >= before);
        before = n;
        for (int i = 0; i < 100; i++) /* and far beyond the end */
            range_decode_bits(&d, 16);
        assert_int_equal(range_decoder_bytes_left(&d), 0);
        free(data);
    }
    assert_int_equal(before, N);
    free(out.data);
    free(events);
}

static void surplus_bytes_are_noticed(void **state)
{
    (void)state;
    test_random t = test_random_open("surplus");
    event *events = random_events(&t, 1000);
    bytes_writer out = { 0 };
    encode(&out, events, 1000);
    for (int i = 0; i < 8; i++)
        bytes_put_u8(&out, 1);
    range_decoder d;
    assert_int_equal(decode(&d, out.data, out.size, events, 1000), 1000);
    assert_in_range(range_decoder_bytes_left(&d), 1, 8);
    free(out.data);
    free(events);
}

/* The decoder once more, word for word from RANGE_CODER.md. */
typedef struct plain_decoder {
    uint64_t code, range;
    const uint8_t *b;
    size_t n, i;
} plain_decoder;

static uint64_t plain_byte(plain_decoder *d)
{
    const uint64_t byte = d->i < d->n ? d->b[d->i] : 0;
    d->i++;
    return byte;
}

static void plain_start(plain_decoder *d, const uint8_t *b, size_t n)
{
    *d = (plain_decoder){ 0, UINT64_MAX, b, n, 0 };
    for (int i = 0; i < 8; i++)
        d->code = d->code << 8 | plain_byte(d);
}

static uint32_t plain_symbol(plain_decoder *d, const uint32_t *c, int precision)
{
    const uint64_t r = d->range >> precision, last = ((uint64_t)1 << precision) - 1;
    uint64_t v = d->code / r;
    if (v > last)
        v = last;
    uint32_t s = 0;
    while (c[s + 1] <= v)
        s++;
    d->code -= r * c[s];
    d->range = r * (c[s + 1] - c[s]);
    if (d->range < (uint64_t)1 << 32) {
        for (int i = 0; i < 4; i++)
            d->code = d->code << 8 | plain_byte(d);
        d->range <<= 32;
    }
    return s;
}

/* One random table of any precision, as cumulative frequencies. */
static int random_cumulative(test_random *t, uint32_t *c)
{
    uint16_t frequency[300];
    const int precision = 1 + (int)test_random_below(t, 16);
    const uint32_t total = 1u << precision, n = 2 + test_random_below(t, (total < 300 ? total : 300) - 1);
    test_random_frequencies(t, frequency, n, total);
    c[0] = 0;
    for (uint32_t i = 0; i < n; i++)
        c[i + 1] = c[i] + frequency[i];
    return precision;
}

/* Noise, and the bytes that bring `code` to the very top of the range, mean what the specification says. */
static void any_bytes_decode_as_specified(void **state)
{
    (void)state;
    test_random t = test_random_open("noise");
    uint32_t c[301];
    for (int run = 0; run < 150; run++) {
        const size_t size = test_random_below(&t, 200);
        uint8_t *data = malloc(size ? size : 1);
        assert_non_null(data);
        const bool top = test_random_below(&t, 2);
        for (size_t i = 0; i < size; i++)
            data[i] = top && i < size / 2 ? 0xff : (uint8_t)test_random_u64(&t);
        range_decoder fast;
        plain_decoder plain;
        range_decoder_init(&fast, data, size);
        plain_start(&plain, data, size);
        for (int i = 0; i < 400; i++) {
            const int precision = random_cumulative(&t, c);
            const uint32_t s = plain_symbol(&plain, c, precision), v = range_decode_target(&fast, precision);
            assert_true(c[s] <= v && v < c[s + 1]);
            range_decode_update(&fast, c[s], c[s + 1], precision);
            assert_true(fast.code == plain.code && fast.range == plain.range);
        }
        assert_int_equal(range_decoder_bytes_left(&fast), plain.i < size ? size - plain.i : 0);
        free(data);
    }
}

static void lack_of_memory_is_reported_at_the_end(void **state)
{
    (void)state;
    bytes_writer out = { 0 };
    range_encoder e;
    range_encoder_init(&e, &out);
    for (uint32_t i = 0; i < 1000; i++) {
        if (i == 500)
            assert_false(bytes_reserve(&out, SIZE_MAX / 2)); /* more than any machine has: fails for good */
        range_encode_bits(&e, 0xffff, 16);
    }
    assert_false(range_encoder_finish(&e));
    free(out.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_stream_has_no_bytes),
        cmocka_unit_test(the_example_has_its_bytes),
        cmocka_unit_test(random_events_come_back),
        cmocka_unit_test(raw_bits_come_back),
        cmocka_unit_test(carries_run_through_long_runs),
        cmocka_unit_test(no_shorter_stream_exists),
        cmocka_unit_test(a_cut_stream_decodes_up_to_the_cut),
        cmocka_unit_test(surplus_bytes_are_noticed),
        cmocka_unit_test(any_bytes_decode_as_specified),
        cmocka_unit_test(lack_of_memory_is_reported_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
