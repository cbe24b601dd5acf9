#include "models/block_stream.h"

#include <string.h>

#define ELEMENT int16_t
#define NAME(suffix) block_stream##suffix
#define STREAM block_stream
#define NODE block_node
#define BLOCK block
#define LINEAR(layer, x, n, y, residual, epilogue) \
    s->kernels->linear(layer, (layer)->multiplier, x, n, y, residual, epilogue, s->scratch)
#define DEPTHWISE(layer, rows, width, first, step, y) s->kernels->depthwise(layer, rows, width, first, step, y)
#define HALF_COLUMNS(s, row, first, step)                      \
    do {                                                       \
        if ((s)->half) {                                       \
            first = checkerboard_first((row), (s)->phase);     \
            step = 2;                                          \
        }                                                      \
    } while (0)
#include "models/block_stream_template.h"
#undef ELEMENT
#undef NAME
#undef STREAM
#undef NODE
#undef BLOCK
#undef LINEAR
#undef DEPTHWISE
#undef HALF_COLUMNS

#define ELEMENT float
#define NAME(suffix) block_stream_f32##suffix
#define STREAM block_stream_f32
#define NODE block_node_f32
#define BLOCK block_f32
#define LINEAR(layer, x, n, y, residual, epilogue) s->kernels->linear(layer, x, n, y, residual, epilogue)
#define DEPTHWISE(layer, rows, width, first, step, y) s->kernels->depthwise(layer, rows, width, y)
#define HALF_COLUMNS(s, row, first, step) (void)(row)
#include "models/block_stream_template.h"

void block_stream_init(block_stream *s, const block_list *list, const nn_kernels *kernels, size_t width, void *scratch,
                       arena *memory, void (*emit)(void *user, size_t row, const int16_t *x), void *user)
{
    *s = (block_stream){ .list = list, .kernels = kernels, .width = width, .scratch = scratch, .emit = emit, .user = user };
    block_stream_allocate(s, memory);
}

void block_stream_cut(block_stream *s, bool left, bool right)
{
    s->cut_left = left;
    s->cut_right = right;
    block_stream_set_widths(s);
}

void block_stream_f32_init(block_stream_f32 *s, const block_list_f32 *list, const nn_float_kernels *kernels, size_t width,
                           arena *memory, void (*emit)(void *user, size_t row, const float *x), void *user)
{
    *s = (block_stream_f32){ .list = list, .kernels = kernels, .width = width, .emit = emit, .user = user };
    block_stream_f32_allocate(s, memory);
}
