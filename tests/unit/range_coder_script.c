/* range_coder_script - the C coder at the command of test_range_coder_python.py.
 *
 * Reads a script from standard input and writes the coded stream to standard output. A script is numbers in text:
 *     e LO HI PRECISION              an event              b VALUE N        raw bits
 *     t OFFSET LENGTH FREQUENCY...   the table from now on  s SYMBOL         a symbol of the table */
#include <stdio.h>
#include <stdlib.h>

#include "entropy/cdf.h"

static int number(void)
{
    int v;
    if (scanf("%d", &v) != 1) {
        fprintf(stderr, "a number is missing\n");
        exit(2);
    }
    return v;
}

static void read_table(cdf_table *t, uint16_t *storage)
{
    uint16_t frequency[CDF_MAX_LENGTH];
    const int offset = number(), length = number();
    for (int i = 0; i < length && i < CDF_MAX_LENGTH; i++)
        frequency[i] = (uint16_t)number();
    if (!cdf_table_init(t, offset, frequency, (size_t)length, storage)) {
        fprintf(stderr, "not a table\n");
        exit(2);
    }
}

static void run_script(range_encoder *e)
{
    static uint16_t storage[CDF_MAX_LENGTH + 1 + CDF_N_BUCKETS];
    cdf_table table;
    char command;
    while (scanf(" %c", &command) == 1) {
        if (command == 'e') {
            const int lo = number(), hi = number();
            range_encode(e, (uint32_t)lo, (uint32_t)hi, number());
        } else if (command == 'b') {
            const int value = number();
            range_encode_bits(e, (uint32_t)value, number());
        } else if (command == 't') {
            read_table(&table, storage);
        } else {
            cdf_encode(&table, e, number());
        }
    }
}

int main(void)
{
    bytes_writer out = { 0 };
    range_encoder e;
    range_encoder_init(&e, &out);
    run_script(&e);
    const int ok = range_encoder_finish(&e) && fwrite(out.data, 1, out.size, stdout) == out.size;
    free(out.data);
    return ok ? 0 : 1;
}
