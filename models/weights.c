/* weights.c - reads a weight file in the order of WEIGHTS.md, checks every field, unpacks the weights and packs them for
 * the kernels. Each refusal is its own sentence. */
#include "models/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/status.h"
#include "entropy/dependent_quantizer.h"
#include "entropy/range_decoder.h"
#include "models/context.h"

enum { FORMAT_VERSION = 6, MAX_LAYERS = 4096, /* more than the counts and passes of any architecture make */ NAME_MAX_LENGTH = 31 };

enum layer_kind { LINEAR_S8 = 1, LINEAR_S16, DEPTHWISE_S8, LINEAR_F32_S8, DEPTHWISE_F32_S8 = 6 }; /* 5: of version 3 */

static const char *const kind_names[] = { [LINEAR_S8] = "linear int8", [LINEAR_S16] = "linear int16",
    [DEPTHWISE_S8] = "depthwise int8", [LINEAR_F32_S8] = "float linear from int8",
    [DEPTHWISE_F32_S8] = "float depthwise from int8" };

/* Block lists in file order. */
enum { LIST_GA_B4, LIST_HA_B16, LIST_HA_B32, LIST_HS_B32, LIST_HS_B16, LIST_HS_PRIOR, LIST_CTX, LIST_GS_B4, N_LISTS };

/* A layer whose weights wait in the coded section. */
typedef struct pending_layer {
    char name[NAME_MAX_LENGTH + 1];
    enum layer_kind kind;
    size_t c_out, c_in, n;  /* n weights in all */
    cdf_table table;
    void *weight;           /* of depthwise kinds: int8_t or float */
    const float *scale;     /* float kinds */
    void *layer;            /* nn_linear, nn_depthwise or nn_linear_f32 by kind */
} pending_layer;

typedef struct loader {
    ghm_model *model;
    bytes_reader r;
    ghm_diagnostics *diag;
    ghm_status status;      /* the first failure; later steps do nothing */
    pending_layer *layers;
    size_t n_layers;
    int16_t *integers;      /* the weights of one layer, between decoding and storing */
    float *floats;          /* the same, scaled */
    bytes_writer *unpacked; /* model_unpack(): where the weights go as they are decoded; else NULL */
    size_t hidden[N_LISTS];
    size_t count[N_LISTS];
} loader;

#define REFUSE(l, ...) \
    ((l)->status = (l)->status != GHM_OK ? (l)->status : ghm_fail((l)->diag, GHM_ERR_MODEL, __VA_ARGS__))

static void *allocate(loader *l, size_t count, size_t size)
{
    void *p = arena_alloc(&l->model->memory, count, size);
    if (!p && l->status == GHM_OK)
        l->status = ghm_fail_memory(l->diag, count * size);
    return p;
}

/* ---------------------------------------------------------------------------------------------- plain section */

static bool is_width(size_t c, size_t max)
{
    return c >= 8 && c <= max && c % 8 == 0;
}

static void read_widths(loader *l)
{
    static const char *const names[] = { "M", "Z", "P", "e4", "d4" };
    ghm_model *m = l->model;
    size_t *const to[] = { &m->m, &m->z, &m->p, &m->e4, &m->d4 };
    enum { FIRST_OPTIONAL = 3 }; /* e4 and on may be 0 */
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        *to[i] = bytes_u16(&l->r);
        if (!is_width(*to[i], 1024) && !(i >= FIRST_OPTIONAL && *to[i] == 0))
            REFUSE(l, "width %s is %zu, not a multiple of 8 in 8..1024", names[i], *to[i]);
    }
}

/* The list of a filter that the widths say is absent. */
static bool is_absent(const ghm_model *m, size_t list)
{
    return (list == LIST_GA_B4 && !model_has_analysis_filter(m)) || (list == LIST_GS_B4 && !model_has_synthesis_filter(m));
}

static void read_block_lists(loader *l)
{
    for (size_t i = 0; i < N_LISTS; i++) {
        l->count[i] = bytes_u8(&l->r);
        const unsigned reserved = bytes_u8(&l->r);
        l->hidden[i] = bytes_u16(&l->r);
        if (l->count[i] > MODEL_MAX_BLOCKS || reserved != 0 || !is_width(l->hidden[i], 4096) ||
            (i == LIST_CTX && l->count[i] == 0) || (is_absent(l->model, i) && l->count[i] > 0))
            REFUSE(l, "block list %zu has %zu blocks of hidden width %zu", i, l->count[i], l->hidden[i]);
    }
}

static void read_slices(loader *l)
{
    ghm_model *m = l->model;
    size_t sum = 0;
    for (size_t i = 0; i < m->n_slices; i++) {
        m->slice_first[i] = sum;
        m->slice_channels[i] = bytes_u16(&l->r);
        sum += m->slice_channels[i];
        if (!is_width(m->slice_channels[i], 1024))
            REFUSE(l, "slice %zu has %zu channels, not a multiple of 8 in 8..1024", i, m->slice_channels[i]);
    }
    if (sum != m->m)
        REFUSE(l, "the slices have %zu channels together, y has %zu", sum, m->m);
}

static void read_passes(loader *l)
{
    ghm_model *m = l->model;
    bool met[MODEL_MAX_SLICES] = { false }, coded[MODEL_MAX_SLICES][2] = { { false } };
    for (size_t k = 0; k < m->n_passes; k++) {
        context_pass *pass = &m->passes[k];
        pass->slice = bytes_u8(&l->r);
        const unsigned phase = bytes_u8(&l->r);
        if (pass->slice >= m->n_slices || phase > 1 || coded[pass->slice][phase] ||
            (phase == CHECKERBOARD_NON_ANCHOR && !coded[pass->slice][CHECKERBOARD_ANCHOR])) {
            REFUSE(l, "pass %zu (slice %zu, phase %u) is out of range, repeated or ahead of its anchors", k, pass->slice,
                   phase);
            return;
        }
        coded[pass->slice][phase] = true;
        pass->phase = (checkerboard_phase)phase;
        pass->first = m->slice_first[pass->slice];
        pass->n = m->slice_channels[pass->slice];
        memcpy(pass->known, met, sizeof met);
        met[pass->slice] = true;
    }
}

static const int16_t *read_i16(loader *l, size_t n)
{
    int16_t *to = allocate(l, n, sizeof *to);
    for (size_t i = 0; to && i < n; i++)
        to[i] = (int16_t)bytes_u16(&l->r);
    return to;
}

static const factorized_weight *read_z_weights(loader *l, size_t n)
{
    factorized_weight *weight = allocate(l, n, sizeof *weight);
    for (size_t i = 0; weight && i < n; i++) {
        weight[i].west = (int8_t)bytes_u8(&l->r);
        weight[i].north = (int8_t)bytes_u8(&l->r);
        if (abs(weight[i].west) + abs(weight[i].north) > FACTORIZED_ONE)
            REFUSE(l, "the neighbours of channel %zu of z weigh more than 1", i);
    }
    return weight;
}

static void read_anchors(loader *l)
{
    ghm_model *m = l->model;
    const size_t n = m->n_anchors;
    m->anchors.gain_e4 = read_i16(l, n * m->e4);
    m->anchors.gain_y = read_i16(l, n * m->m);
    m->anchors.step = read_i16(l, n * m->m);
    m->anchors.ratio = read_i16(l, n * m->m);
    m->anchors.scale_offset = read_i16(l, n * m->m);
    m->anchors.gain_d4 = read_i16(l, n * m->d4);
    uint8_t *z_table = allocate(l, n * m->z, 1);
    for (size_t i = 0; z_table && i < n * m->z; i++)
        z_table[i] = bytes_u8(&l->r);
    m->anchors.z_table = z_table;
    m->z_mean = read_i16(l, m->z);
    m->z_weight = read_z_weights(l, m->z);
    m->n_z_tables = bytes_u16(&l->r);
    if (m->n_z_tables < 1 || m->n_z_tables > 256)
        REFUSE(l, "%zu tables for z are outside 1..256", m->n_z_tables);
    for (size_t i = 0; z_table && i < n * m->z; i++)
        if (z_table[i] >= m->n_z_tables)
            REFUSE(l, "table %u for z does not exist, there are %zu", z_table[i], m->n_z_tables);
}

static void read_table(loader *l, cdf_table *table, const char *what, size_t index)
{
    const int offset = (int16_t)bytes_u16(&l->r);
    const size_t length = bytes_u16(&l->r);
    if (length < CDF_MIN_LENGTH || length > CDF_MAX_LENGTH || bytes_left(&l->r) < 2 * length) {
        REFUSE(l, "the table of %s %zu has a length of %zu", what, index, length);
        return;
    }
    uint16_t frequency[CDF_MAX_LENGTH];
    for (size_t i = 0; i < length; i++)
        frequency[i] = bytes_u16(&l->r);
    uint16_t *storage = allocate(l, cdf_table_storage(length), 1);
    if (storage && !cdf_table_init(table, offset, frequency, length, storage))
        REFUSE(l, "the table of %s %zu has a zero, leaves int16 or does not sum to 65536", what, index);
}

static cdf_table *read_tables(loader *l, size_t n, const char *what)
{
    cdf_table *tables = allocate(l, n, sizeof *tables);
    for (size_t i = 0; tables && i < n && l->status == GHM_OK; i++)
        read_table(l, &tables[i], what, i);
    return tables;
}

/* Printable, as programs print it, and nothing behind its end. */
static void read_name(loader *l)
{
    const uint8_t *name = bytes_take(&l->r, 16);
    for (size_t i = 0; name && i < 16; i++)
        if (name[i] != 0 ? name[i] < 0x20 || name[i] > 0x7e || (i > 0 && name[i - 1] == 0) : i == 0)
            REFUSE(l, "the name of the weights is not printable ASCII padded with zeros");
    if (name)
        memcpy(l->model->name, name, 16);
}

static void read_architecture(loader *l)
{
    ghm_model *m = l->model;
    read_name(l);
    m->n_anchors = bytes_u8(&l->r);
    m->n_slices = bytes_u8(&l->r);
    m->n_passes = bytes_u8(&l->r);
    m->n_scales = bytes_u8(&l->r);
    m->n_skipped = bytes_u8(&l->r);
    m->frac_y = bytes_u8(&l->r);
    m->frac_z = bytes_u8(&l->r);
    const unsigned reserved = bytes_u8(&l->r);
    if (l->r.overrun) {
        REFUSE(l, "the plain section ends in its first fields");
        return;
    }
    if (m->n_anchors < 2 || m->n_anchors > MODEL_MAX_ANCHORS || m->n_slices < 1 || m->n_slices > MODEL_MAX_SLICES ||
        m->n_passes != 2 * m->n_slices || m->n_scales < 2 || m->n_scales > 128 || m->n_skipped >= m->n_scales ||
        m->frac_y > 14 || m->frac_z > 14 || reserved != 0) {
        REFUSE(l, "a count or binary point of the plain section is out of range");
        return;
    }
    read_widths(l);
    read_block_lists(l);
    read_slices(l);
    read_passes(l);
    if (l->status == GHM_OK)
        read_anchors(l);
    if (l->status == GHM_OK)
        m->y_tables = read_tables(l, DQ_N_QUANTIZERS * m->n_scales, "scale");
    if (l->status == GHM_OK)
        m->z_tables = read_tables(l, m->n_z_tables, "z");
}

/* ---------------------------------------------------------------------------------------------- layers */

static const int32_t *read_i32(loader *l, size_t n)
{
    int32_t *to = allocate(l, n, sizeof *to);
    for (size_t i = 0; to && i < n; i++)
        to[i] = (int32_t)bytes_u32(&l->r);
    return to;
}

static const float *read_f32(loader *l, size_t n, const char *name)
{
    float *to = allocate(l, n, sizeof *to);
    for (size_t i = 0; to && i < n; i++) {
        const uint32_t bits = bytes_u32(&l->r);
        memcpy(&to[i], &bits, sizeof bits);
        if (!isfinite(to[i]))
            REFUSE(l, "layer %s: a number is not finite", name);
    }
    return to;
}

/* The part that all kinds share: name, kind, shape. NULL after a failure. */
static pending_layer *begin_layer(loader *l, const char *name, enum layer_kind kind, size_t c_out, size_t c_in)
{
    if (l->status != GHM_OK)
        return NULL;
    const size_t length = bytes_u8(&l->r);
    const uint8_t *stored = bytes_take(&l->r, length);
    if (!stored || length != strlen(name) || memcmp(stored, name, length) != 0) {
        REFUSE(l, "layer %s is expected at place %zu, another or none is there", name, l->n_layers);
        return NULL;
    }
    const unsigned stored_kind = bytes_u8(&l->r);
    const size_t stored_out = bytes_u16(&l->r), stored_in = bytes_u16(&l->r);
    if (stored_kind != kind) {
        REFUSE(l, "layer %s is of kind %u instead of %d (%s)", name, stored_kind, (int)kind, kind_names[kind]);
        return NULL;
    }
    if (stored_out != c_out || stored_in != c_in) {
        REFUSE(l, "layer %s is %zux%zu, the architecture says %zux%zu", name, stored_out, stored_in, c_out, c_in);
        return NULL;
    }
    if (l->n_layers == MAX_LAYERS) {
        REFUSE(l, "more than %d layers", MAX_LAYERS);
        return NULL;
    }
    if (bytes_left(&l->r) < 8 * c_out) {
        REFUSE(l, "layer %s: the plain section ends in it", name);
        return NULL;
    }
    const bool depthwise = kind == DEPTHWISE_S8 || kind == DEPTHWISE_F32_S8;
    pending_layer *p = &l->layers[l->n_layers++];
    *p = (pending_layer){ .kind = kind, .c_out = c_out, .c_in = c_in, .n = depthwise ? 9 * c_out : c_out * c_in };
    snprintf(p->name, sizeof p->name, "%s", name);
    l->model->n_parameters += p->n + c_out; /* weights and biases */
    return p;
}

static void read_linear_kind(loader *l, const char *name, nn_linear *layer, enum layer_kind kind, size_t c_out, size_t c_in)
{
    pending_layer *p = begin_layer(l, name, kind, c_out, c_in);
    if (!p)
        return;
    *layer = (nn_linear){ .c_out = c_out, .c_in = c_in, .bias = read_i32(l, c_out), .multiplier = read_i32(l, c_out) };
    p->layer = layer;
    read_table(l, &p->table, "layer", l->n_layers - 1);
}

static void read_linear(loader *l, const char *name, nn_linear *layer, size_t c_out, size_t c_in)
{
    read_linear_kind(l, name, layer, LINEAR_S8, c_out, c_in);
}

static void read_depthwise(loader *l, const char *name, nn_depthwise *layer, size_t c)
{
    pending_layer *p = begin_layer(l, name, DEPTHWISE_S8, c, 1);
    if (!p)
        return;
    *layer = (nn_depthwise){ .c = c, .bias = read_i32(l, c), .multiplier = read_i32(l, c) };
    layer->weight = p->weight = allocate(l, p->n, sizeof(int8_t));
    p->layer = layer;
    read_table(l, &p->table, "layer", l->n_layers - 1);
}

static void read_linear_f32(loader *l, const char *name, nn_linear_f32 *layer, size_t c_out, size_t c_in)
{
    pending_layer *p = begin_layer(l, name, LINEAR_F32_S8, c_out, c_in);
    if (!p)
        return;
    *layer = (nn_linear_f32){ .c_out = c_out, .c_in = c_in, .bias = read_f32(l, c_out, name) };
    p->scale = read_f32(l, c_out, name);
    p->layer = layer;
    read_table(l, &p->table, "layer", l->n_layers - 1);
}

static void read_depthwise_f32(loader *l, const char *name, nn_depthwise_f32 *layer, size_t c)
{
    pending_layer *p = begin_layer(l, name, DEPTHWISE_F32_S8, c, 1);
    if (!p)
        return;
    *layer = (nn_depthwise_f32){ .c = c, .bias = read_f32(l, c, name) };
    p->scale = read_f32(l, c, name);
    layer->weight = p->weight = allocate(l, p->n, sizeof(float));
    read_table(l, &p->table, "layer", l->n_layers - 1);
}

/* "list.i.part" */
typedef char layer_name[NAME_MAX_LENGTH + 1];
static const char *part_name(layer_name buffer, const char *list, size_t i, const char *part)
{
    snprintf(buffer, sizeof(layer_name), "%s.%zu.%s", list, i, part);
    return buffer;
}

static void read_blocks(loader *l, const char *name, block_list *list, int which, size_t c)
{
    layer_name buffer;
    const size_t h = l->hidden[which];
    *list = (block_list){ .n = l->count[which], .c = c, .hidden = h };
    list->blocks = allocate(l, list->n + 1, sizeof *list->blocks);
    for (size_t i = 0; list->blocks && i < list->n; i++) {
        block *b = &list->blocks[i];
        read_linear(l, part_name(buffer, name, i, "w1"), &b->w1, c, c);
        read_depthwise(l, part_name(buffer, name, i, "dw"), &b->dw, c);
        read_linear(l, part_name(buffer, name, i, "w2"), &b->w2, c, c);
        read_linear(l, part_name(buffer, name, i, "w3"), &b->w3, h, c);
        read_linear(l, part_name(buffer, name, i, "w4"), &b->w4, c, h);
    }
}

static void read_blocks_f32(loader *l, const char *name, block_list_f32 *list, int which, size_t c)
{
    layer_name buffer;
    const size_t h = l->hidden[which];
    *list = (block_list_f32){ .n = l->count[which], .c = c, .hidden = h };
    list->blocks = allocate(l, list->n + 1, sizeof *list->blocks);
    for (size_t i = 0; list->blocks && i < list->n; i++) {
        block_f32 *b = &list->blocks[i];
        read_linear_f32(l, part_name(buffer, name, i, "w1"), &b->w1, c, c);
        read_depthwise_f32(l, part_name(buffer, name, i, "dw"), &b->dw, c);
        read_linear_f32(l, part_name(buffer, name, i, "w2"), &b->w2, c, c);
        read_linear_f32(l, part_name(buffer, name, i, "w3"), &b->w3, h, c);
        read_linear_f32(l, part_name(buffer, name, i, "w4"), &b->w4, c, h);
    }
}

static void read_analysis_filter(loader *l)
{
    ghm_model *m = l->model;
    read_linear(l, "ga.in", &m->ga.in, m->e4, 48);
    read_blocks(l, "ga.b4", &m->ga.b4, LIST_GA_B4, m->e4);
    read_linear(l, "ga.out", &m->ga.out, 48, m->e4);
}

static void read_synthesis_filter(loader *l)
{
    ghm_model *m = l->model;
    read_linear(l, "gs.in", &m->gs.in, m->d4, 48);
    read_blocks(l, "gs.b4", &m->gs.b4, LIST_GS_B4, m->d4);
    read_linear(l, "gs.out", &m->gs.out, 48, m->d4);
}

/* The layers in the order of WEIGHTS.md section 4; to be laid beside the network definition in models/train/model.py. */
static void read_layers(loader *l)
{
    ghm_model *m = l->model;
    layer_name name;

    if (model_has_analysis_filter(m))
        read_analysis_filter(l);
    read_linear_kind(l, "ga.base", &m->ga.base, LINEAR_S16, m->m, 768);

    read_linear_f32(l, "ha.in", &m->ha.in, m->z, m->m);
    read_blocks_f32(l, "ha.b16", &m->ha.b16, LIST_HA_B16, m->z);
    read_linear_f32(l, "ha.down32", &m->ha.down32, m->z, 4 * m->z);
    read_blocks_f32(l, "ha.b32", &m->ha.b32, LIST_HA_B32, m->z);
    read_linear_f32(l, "ha.down64", &m->ha.down64, m->z, 4 * m->z);

    read_linear(l, "hs.in", &m->hs.in, 4 * m->z, m->z);
    read_blocks(l, "hs.b32", &m->hs.b32, LIST_HS_B32, m->z);
    read_linear(l, "hs.up", &m->hs.up, 4 * m->z, m->z);
    read_blocks(l, "hs.b16", &m->hs.b16, LIST_HS_B16, m->z);
    read_linear(l, "hs.out", &m->hs.out, m->p, m->z);
    read_blocks(l, "hs.prior", &m->hs.prior, LIST_HS_PRIOR, m->p);
    read_linear(l, "hs.scale", &m->hs.scale, m->m, m->p);

    for (size_t k = 0; k < m->n_passes; k++) {
        context_pass *pass = &m->passes[k];
        if (k > 0) {
            snprintf(name, sizeof name, "ctx%zu.in", k);
            read_linear(l, name, &pass->in, m->p, context_inputs(m, k));
            snprintf(name, sizeof name, "ctx%zu.b", k);
            read_blocks(l, name, &pass->b, LIST_CTX, m->p);
        }
        snprintf(name, sizeof name, "ctx%zu.out", k);
        read_linear(l, name, &pass->out, pass->n, m->p);
    }

    read_linear_kind(l, "gs.base", &m->gs.base, LINEAR_S16, 768, m->m);
    if (model_has_synthesis_filter(m))
        read_synthesis_filter(l);
}

/* ---------------------------------------------------------------------------------------------- weights */

static bool is_16_bit(const pending_layer *p)
{
    return p->kind == LINEAR_S16;
}

static int decode_weight(range_decoder *d, const pending_layer *p)
{
    const int symbol = cdf_decode(&p->table, d);
    if (is_16_bit(p))
        return symbol * 256 + (int)range_decode_bits(d, 8);
    return symbol;
}

/* The next layer of the coded section -> l->integers. */
static void decode_layer(loader *l, range_decoder *d, const pending_layer *p)
{
    const int max = is_16_bit(p) ? INT16_MAX : 127;
    for (size_t i = 0; i < p->n; i++) {
        const int w = decode_weight(d, p);
        if (w < -max || w > max || range_decoder_damaged(d)) {
            REFUSE(l, "layer %s: the coded weights are damaged", p->name);
            return;
        }
        l->integers[i] = (int16_t)w;
    }
}

/* The unpacked form of a weight file (model_unpack()) has, instead of the coded section, the same weights in the same
 * order in 8 bits or, little-endian, in 16. */
static void put_layer(bytes_writer *out, const pending_layer *p, const int16_t *w)
{
    for (size_t i = 0; i < p->n; i++)
        if (is_16_bit(p))
            bytes_put_u16(out, (uint16_t)w[i]);
        else
            bytes_put_u8(out, (uint8_t)w[i]);
}

static void take_layer(loader *l, bytes_reader *r, const pending_layer *p)
{
    const uint8_t *from = bytes_take(r, is_16_bit(p) ? 2 * p->n : p->n);
    if (!from) {
        REFUSE(l, "layer %s: the unpacked weights end in it", p->name);
        return;
    }
    for (size_t i = 0; i < p->n; i++)
        l->integers[i] = is_16_bit(p) ? (int16_t)(from[2 * i] | from[2 * i + 1] << 8) : (int8_t)from[i];
}

static void refuse_sums(loader *l, const pending_layer *p)
{
    REFUSE(l, "layer %s: sums may overflow 32 bits, or a multiplier is negative", p->name);
}

/* Kernels that pack the weights read nothing else; for the others they are kept, and for synthesis_adjoint.c. */
static bool is_kept(const pending_layer *p, size_t packed_bytes)
{
    return packed_bytes == 0 || strncmp(p->name, "gs.", 3) == 0;
}

static void store_linear(loader *l, const pending_layer *p)
{
    nn_linear *layer = p->layer;
    layer->weight = l->integers;
    if (!linear_check(layer)) {
        refuse_sums(l, p);
        return;
    }
    const size_t bytes = l->model->kernels->packed_bytes(layer);
    int16_t *kept = NULL;
    if (bytes) {
        layer->packed = allocate(l, bytes, 1);
        if (layer->packed)
            l->model->kernels->pack(layer, layer->packed);
    }
    if (is_kept(p, bytes)) {
        kept = allocate(l, p->n, sizeof *kept);
        if (kept)
            memcpy(kept, l->integers, p->n * sizeof *kept);
    }
    layer->weight = kept;
}

static void store_linear_f32(loader *l, const pending_layer *p)
{
    nn_linear_f32 *layer = p->layer;
    const size_t bytes = l->model->float_kernels->packed_bytes(layer);
    float *const weight = bytes ? l->floats : allocate(l, p->n, sizeof *weight);
    for (size_t oc = 0; weight && oc < p->c_out; oc++)
        for (size_t at = oc * p->c_in; at < (oc + 1) * p->c_in; at++)
            weight[at] = (float)l->integers[at] * p->scale[oc];
    layer->weight = weight;
    if (bytes) {
        layer->packed = allocate(l, bytes, 1);
        if (layer->packed)
            l->model->float_kernels->pack(layer, layer->packed);
        layer->weight = NULL;
    }
}

static void store_depthwise(loader *l, const pending_layer *p)
{
    for (size_t i = 0; i < p->n; i++)
        ((int8_t *)p->weight)[i] = (int8_t)l->integers[i];
    if (!depthwise_check(p->layer))
        refuse_sums(l, p);
}

static void store_depthwise_f32(const pending_layer *p, const int16_t *w)
{
    for (size_t i = 0; i < p->n; i++)
        ((float *)p->weight)[i] = (float)w[i] * p->scale[i % p->c_out];
}

/* l->integers -> the layer, as its kernels want them, and checked. */
static void store_layer(loader *l, const pending_layer *p)
{
    switch (p->kind) {
    case LINEAR_S8:
    case LINEAR_S16: store_linear(l, p); break;
    case DEPTHWISE_S8: store_depthwise(l, p); break;
    case LINEAR_F32_S8: store_linear_f32(l, p); break;
    case DEPTHWISE_F32_S8: store_depthwise_f32(p, l->integers); break;
    }
}

/* All layers: coded, or of the unpacked form. */
static void read_weights(loader *l, bytes_reader section, bool coded)
{
    range_decoder d;
    size_t largest = 0;
    for (size_t i = 0; i < l->n_layers; i++)
        largest = l->layers[i].n > largest ? l->layers[i].n : largest;
    l->integers = malloc(largest * sizeof *l->integers);
    l->floats = malloc(largest * sizeof *l->floats);
    if (!l->integers || !l->floats)
        l->status = ghm_fail_memory(l->diag, largest * (sizeof *l->integers + sizeof *l->floats));
    if (coded)
        range_decoder_init(&d, section.p, bytes_left(&section));
    for (size_t i = 0; i < l->n_layers && l->status == GHM_OK; i++) {
        const pending_layer *p = &l->layers[i];
        if (coded)
            decode_layer(l, &d, p);
        else
            take_layer(l, &section, p);
        if (l->status != GHM_OK)
            break;
        if (l->unpacked)
            put_layer(l->unpacked, p, l->integers);
        store_layer(l, p);
    }
    free(l->integers);
    free(l->floats);
}

/* ---------------------------------------------------------------------------------------------- whole files */

/* The first 24 bytes; returns what follows them. */
static bytes_reader read_header(loader *l, const uint8_t *data, size_t size, size_t *plain, size_t *coded)
{
    bytes_reader r = bytes_reader_make(data, size);
    const uint8_t *magic = bytes_take(&r, 4);
    if (!magic || memcmp(magic, "GHMW", 4) != 0) {
        REFUSE(l, "not a weight file: the first bytes are not GHMW");
        return r;
    }
    const unsigned version = bytes_u16(&r), reserved = bytes_u16(&r);
    l->model->id = bytes_u64(&r);
    *plain = bytes_u32(&r);
    *coded = bytes_u32(&r);
    l->model->file_bytes = WEIGHTS_HEADER_BYTES + *plain + *coded;
    if (r.overrun)
        REFUSE(l, "the weight file ends in its header");
    else if (version != FORMAT_VERSION || reserved != 0)
        REFUSE(l, "weight file version %u is unknown to this version", version);
    return r;
}

static void read_plain_section(loader *l, bytes_reader section)
{
    l->r = section;
    read_architecture(l);
    if (l->status == GHM_OK)
        read_layers(l);
    if (l->status == GHM_OK && (l->r.overrun || bytes_left(&l->r) != 0))
        REFUSE(l, "the plain section does not end with its last layer");
}

static void read_file(loader *l, const uint8_t *data, size_t size)
{
    size_t plain = 0, coded = 0;
    bytes_reader r = read_header(l, data, size, &plain, &coded);
    if (l->status == GHM_OK && bytes_left(&r) != plain + coded)
        REFUSE(l, "the weight file has %zu bytes, its header says %zu", size, WEIGHTS_HEADER_BYTES + plain + coded);
    if (l->status == GHM_OK && XXH3_64bits(data + WEIGHTS_HASHED_FROM, size - WEIGHTS_HASHED_FROM) != l->model->id)
        REFUSE(l, "the weight file is damaged: its content does not have the hash in its header");
    if (l->status == GHM_OK)
        read_plain_section(l, bytes_reader_make(bytes_take(&r, plain), plain));
    if (l->status == GHM_OK)
        read_weights(l, r, true);
}

/* What model_unpack() wrote: our own data, but the same checks, for all but the hash of what is not there. */
static void read_unpacked(loader *l, const uint8_t *data, size_t size)
{
    size_t plain = 0, coded = 0;
    bytes_reader r = read_header(l, data, size, &plain, &coded);
    if (l->status == GHM_OK && bytes_left(&r) < plain)
        REFUSE(l, "the unpacked weights end in the plain section");
    if (l->status == GHM_OK)
        read_plain_section(l, bytes_reader_make(bytes_take(&r, plain), plain));
    if (l->status == GHM_OK)
        read_weights(l, r, false);
}

static ghm_status read_into(ghm_model *model, const uint8_t *data, size_t size,
                            void (*read)(loader *, const uint8_t *, size_t), bytes_writer *unpacked,
                            ghm_diagnostics *diag)
{
    loader l = { .model = model, .diag = diag, .status = GHM_OK, .unpacked = unpacked };
    l.layers = calloc(MAX_LAYERS, sizeof *l.layers);
    if (!l.layers)
        return ghm_fail_memory(diag, MAX_LAYERS * sizeof *l.layers);
    read(&l, data, size);
    free(l.layers);
    return l.status;
}

ghm_status weights_read(ghm_model *model, const uint8_t *data, size_t size, bytes_writer *unpacked, ghm_diagnostics *diag)
{
    return read_into(model, data, size, read_file, unpacked, diag);
}

ghm_status weights_read_unpacked(ghm_model *model, const uint8_t *data, size_t size, ghm_diagnostics *diag)
{
    return read_into(model, data, size, read_unpacked, NULL, diag);
}
