/* Tables from untrusted numbers, any bytes decoded with them, and what was decoded coded again: the encoder's bytes must give
 * the same symbols and, where the input was a possible encoder's output, be no longer than it. */
#include <stdlib.h>
#include <string.h>

#include "entropy/cdf.h"
#include "fuzz.h"

enum { MAX_LENGTH = 40, N_SYMBOLS = 200 };

typedef struct symbols {
    int value[N_SYMBOLS];
    int bits[N_SYMBOLS]; /* 0: a symbol of the table; else that many raw bits */
} symbols;

/* Frequencies that sum to 65536, however the input chose them. */
static size_t make_frequencies(fuzz_input *in, uint16_t *frequency)
{
    const size_t length = fuzz_range(in, CDF_MIN_LENGTH, MAX_LENGTH);
    uint32_t rest = 65536 - (uint32_t)length;
    for (size_t i = 0; i + 1 < length; i++) {
        const uint32_t more = (uint32_t)((uint64_t)rest * fuzz_u16(in) >> 16);
        frequency[i] = (uint16_t)(1 + more);
        rest -= more;
    }
    frequency[length - 1] = (uint16_t)(1 + rest);
    return length;
}

/* Numbers as they come are refused or make a table that can be decoded with. */
static void try_raw_table(fuzz_input in)
{
    uint16_t frequency[MAX_LENGTH], storage[MAX_LENGTH + 1 + CDF_N_BUCKETS];
    cdf_table table;
    const int offset = (int16_t)fuzz_u16(&in);
    const size_t length = fuzz_range(&in, 0, MAX_LENGTH);
    for (size_t i = 0; i < length; i++)
        frequency[i] = fuzz_u16(&in);
    if (cdf_table_init(&table, offset, frequency, length, storage)) {
        range_decoder d;
        range_decoder_init(&d, in.p, (size_t)(in.end - in.p));
        const int symbol = cdf_decode(&table, &d);
        FUZZ_CHECK(symbol >= INT16_MIN && symbol <= INT16_MAX);
    }
}

/* Whether the next symbol is chosen by the code itself: not by the `min` of RANGE_CODER.md, which no encoder's bytes reach. */
static bool is_in_range(const range_decoder *d, int precision)
{
    return d->code / (d->range >> precision) < 1u << precision;
}

/* True if the bytes may be an encoder's. Escapes hide steps and count as if they were not. */
static bool decode(const cdf_table *table, range_decoder *d, symbols *s)
{
    bool sound = true;
    for (int i = 0; i < N_SYMBOLS; i++) {
        sound = sound && is_in_range(d, s->bits[i] ? s->bits[i] : CDF_PRECISION);
        s->value[i] = s->bits[i] ? (int)range_decode_bits(d, s->bits[i]) : cdf_decode(table, d);
        const int entry = s->value[i] - table->cdf_offset;
        sound = sound && (s->bits[i] || (entry >= 0 && entry < (int)table->cdf_length - 1));
    }
    return sound;
}

static void encode(const cdf_table *table, const symbols *s, bytes_writer *out)
{
    range_encoder e;
    range_encoder_init(&e, out);
    for (int i = 0; i < N_SYMBOLS; i++)
        if (s->bits[i])
            range_encode_bits(&e, (uint32_t)s->value[i], s->bits[i]);
        else
            cdf_encode(table, &e, s->value[i]);
    FUZZ_CHECK(range_encoder_finish(&e));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = { data, data + size };
    uint16_t frequency[MAX_LENGTH], storage[MAX_LENGTH + 1 + CDF_N_BUCKETS];
    cdf_table table;
    symbols first = { { 0 }, { 0 } }, second;
    range_decoder d;

    try_raw_table(in);
    const int offset = (int16_t)fuzz_u16(&in);
    const int raw_every = fuzz_u8(&in);
    const size_t length = make_frequencies(&in, frequency);
    if (!cdf_table_init(&table, offset, frequency, length, storage))
        return 0; /* leaves int16 */
    for (int i = 0; i < N_SYMBOLS; i++)
        first.bits[i] = raw_every && i % raw_every == 0 ? 1 + i % 16 : 0;
    second = first;

    const size_t n = (size_t)(in.end - in.p);
    uint8_t *copy = fuzz_copy(in.p, n);
    range_decoder_init(&d, copy, n);
    const bool sound = decode(&table, &d, &first);
    if (!range_decoder_damaged(&d)) {
        bytes_writer out = { 0 };
        encode(&table, &first, &out);
        FUZZ_CHECK(!sound || out.size <= n);
        range_decoder_init(&d, out.data, out.size);
        (void)decode(&table, &d, &second);
        FUZZ_CHECK(!range_decoder_damaged(&d));
        FUZZ_CHECK(memcmp(first.value, second.value, sizeof first.value) == 0);
        FUZZ_CHECK(range_decoder_bytes_left(&d) == 0);
        free(out.data);
    }
    free(copy);
    return 0;
}
