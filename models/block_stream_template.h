/* block_stream_template.h - the body of block_stream.c, once per element type. The including file defines
 *   ELEMENT              int16_t or float
 *   NAME(suffix)         block_stream##suffix or block_stream_f32##suffix
 *   STREAM, NODE, BLOCK  the types
 *   LINEAR(layer, x, n, y, residual, epilogue), DEPTHWISE(layer, rows, width, first, step, y)   with `s` in scope
 *   HALF_COLUMNS(s, row, first, step)   sets which columns the last block computes */

static void NAME(_deliver)(STREAM *s, size_t i);

/* x: (n, c) -> y: (n, c), y may be x. */
static void NAME(_feed_forward)(STREAM *s, const BLOCK *b, const ELEMENT *x, size_t n, ELEMENT *y)
{
    LINEAR(&b->w3, x, n, s->hidden, NULL, NN_LEAKY_RELU);
    LINEAR(&b->w4, s->hidden, n, y, x, NN_RESIDUAL);
}

/* Compute output row `row` of block i; a_below is NULL under the last row. */
static void NAME(_finish_row)(STREAM *s, size_t i, size_t row, const ELEMENT *a_below)
{
    const BLOCK *b = &s->list->blocks[i];
    NODE *node = &s->nodes[i];
    const ELEMENT *const rows[3] = { row > 0 ? node->a[(row - 1) % 3] : NULL, node->a[row % 3], a_below };
    size_t first = 0, step = 1;
    if (i + 1 == s->list->n)
        HALF_COLUMNS(s, row, first, step);
    const size_t c = s->list->c, width = node->width - s->cut_left - s->cut_right;
    const size_t n = width > first ? (width - first + step - 1) / step : 0;
    ELEMENT *x = node->x[row % 2] + s->cut_left * c;
    if (step > 1) /* keep the computed columns only */
        for (size_t k = 0; k < n; k++)
            memmove(x + k * c, x + (first + k * step) * c, c * sizeof *x);

    if (n > 0) {
        DEPTHWISE(&b->dw, rows, node->width, first, step, s->filtered);
        LINEAR(&b->w2, s->filtered + s->cut_left * c, n, x, x, NN_RESIDUAL);
        NODE *next = &s->nodes[i + 1];
        NAME(_feed_forward)(s, b, x, n, next->x[next->n_in % 2]);
    }
    NAME(_deliver)(s, i + 1);
}

/* The slot of node i has been filled with its next row. */
static void NAME(_deliver)(STREAM *s, size_t i)
{
    NODE *node = &s->nodes[i];
    if (i == s->list->n) {
        s->emit(s->user, s->row_out++, node->x[0]);
        return;
    }
    const size_t row = node->n_in++;
    const BLOCK *b = &s->list->blocks[i];
    LINEAR(&b->w1, node->x[row % 2], node->width, node->a[row % 3], NULL, NN_LEAKY_RELU);
    if (row > 0)
        NAME(_finish_row)(s, i, row - 1, node->a[row % 3]);
}

static void NAME(_set_widths)(STREAM *s)
{
    for (size_t i = 0; s->nodes && i <= s->list->n; i++)
        s->nodes[i].width = s->width - i * (s->cut_left + s->cut_right);
}

void NAME(_start)(STREAM *s)
{
    for (size_t i = 0; i <= s->list->n; i++)
        s->nodes[i].n_in = 0;
    s->row_out = 0;
}

ELEMENT *NAME(_row)(STREAM *s)
{
    return s->nodes[0].x[s->nodes[0].n_in % 2];
}

void NAME(_push)(STREAM *s)
{
    NAME(_deliver)(s, 0);
}

void NAME(_flush)(STREAM *s)
{
    for (size_t i = 0; i < s->list->n; i++)
        if (s->nodes[i].n_in > 0)
            NAME(_finish_row)(s, i, s->nodes[i].n_in - 1, NULL);
}

static void NAME(_allocate)(STREAM *s, arena *memory)
{
    const size_t row = s->width * s->list->c;
    s->nodes = arena_alloc(memory, s->list->n + 1, sizeof *s->nodes);
    for (size_t i = 0; s->nodes && i <= s->list->n; i++) {
        NODE *node = &s->nodes[i];
        for (int k = 0; k < (i < s->list->n ? 2 : 1); k++)
            node->x[k] = arena_alloc(memory, row, sizeof(ELEMENT));
        for (int k = 0; k < 3 && i < s->list->n; k++)
            node->a[k] = arena_alloc(memory, row, sizeof(ELEMENT));
    }
    if (s->list->n > 0) {
        s->filtered = arena_alloc(memory, row, sizeof(ELEMENT));
        s->hidden = arena_alloc(memory, s->width * s->list->hidden, sizeof(ELEMENT));
    }
    NAME(_set_widths)(s);
}
