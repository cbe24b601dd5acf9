/* The geometry of the two phases. */
#include "entropy_test.h"

#include "entropy/checkerboard.h"

static void the_phases_share_out_every_row(void **state)
{
    (void)state;
    for (size_t row = 0; row < 4; row++)
        for (size_t w = 1; w <= 33; w++) {
            size_t n[2] = { 0, 0 };
            for (int phase = 0; phase < 2; phase++) {
                for (size_t x = checkerboard_first(row, (checkerboard_phase)phase); x < w; x += 2, n[phase]++)
                    assert_int_equal((row + x) % 2, phase);
                assert_int_equal(checkerboard_count(row, w, (checkerboard_phase)phase), n[phase]);
            }
            assert_int_equal(n[0] + n[1], w);
        }
}

static void the_drawing_is_right(void **state)
{
    (void)state;
    assert_int_equal(checkerboard_first(0, CHECKERBOARD_ANCHOR), 0);
    assert_int_equal(checkerboard_first(1, CHECKERBOARD_ANCHOR), 1);
    assert_int_equal(checkerboard_first(0, CHECKERBOARD_NON_ANCHOR), 1);
    assert_int_equal(checkerboard_count(0, 5, CHECKERBOARD_ANCHOR), 3);
    assert_int_equal(checkerboard_count(0, 5, CHECKERBOARD_NON_ANCHOR), 2);
    assert_int_equal(checkerboard_count(1, 1, CHECKERBOARD_ANCHOR), 0);
}

/* Rows of w positions of c channels; the half rows hold the coded positions in order, and put the row together again. */
static void check_gather_scatter(size_t row, size_t w, size_t c)
{
    const size_t position_size = c * sizeof(int16_t);
    int16_t *full = malloc(w * position_size), *again = malloc(w * position_size);
    assert_true(full && again);
    for (size_t i = 0; i < w * c; i++)
        full[i] = (int16_t)(i + 1);
    memset(again, 0, w * position_size);
    for (int p = 0; p < 2; p++) {
        const checkerboard_phase phase = (checkerboard_phase)p;
        const size_t n = checkerboard_count(row, w, phase);
        int16_t *half = malloc(n ? n * position_size : 1);
        assert_non_null(half);
        checkerboard_gather(half, full, w, position_size, row, phase);
        for (size_t i = 0; i < n * c; i++) {
            const size_t x = checkerboard_first(row, phase) + 2 * (i / c);
            assert_int_equal(half[i], full[x * c + i % c]);
        }
        checkerboard_scatter(again, half, w, position_size, row, phase);
        free(half);
    }
    assert_memory_equal(again, full, w * position_size);
    free(full);
    free(again);
}

static void gather_and_scatter_are_inverse(void **state)
{
    (void)state;
    for (size_t row = 0; row < 2; row++)
        for (size_t w = 1; w <= 9; w++)
            for (size_t c = 1; c <= 5; c++)
                check_gather_scatter(row, w, c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_phases_share_out_every_row),
        cmocka_unit_test(the_drawing_is_right),
        cmocka_unit_test(gather_and_scatter_are_inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
