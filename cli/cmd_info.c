/* cmd_info.c - gingham info: what the headers of streams say. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "input.h"
#include "io/metadata.h"
#include "io/reader.h"
#include "json.h"
#include "message.h"
#include "parse.h"
#include "weights.h"

/* Enough for any stream of a picture within the default limit. */
#define MAX_STREAM_BYTES (UINT64_C(1) << 32)

typedef struct info_options {
    bool json;
} info_options;

static const option info_option_table[] = {
    { "json", 0, true, NULL, NULL, parse_switch, offsetof(info_options, json),
      "one JSON object a stream, each on its own line" },
};

static exit_code info_run(int argc, char **argv);

const command info_command = {
    .name = "info",
    .operands = "INPUT...",
    .summary = "Show what streams say about themselves.",
    .details =
        "Nothing is decoded, but all checksums of chunks are compared. '-' is standard\n"
        "input. A stream cut off after its header is described as far as it goes, and\n"
        "the exit status is 5. After a failure the remaining inputs are still shown; the\n"
        "exit status is that of the first failure.\n\n"
        "Decoding takes the memory told, on as many threads as the process may use, and\n"
        "the picture's own unless it is written row by row; the pixels' cost in\n"
        "multiply-adds is that of the networks.",
    .options = info_option_table,
    .n_options = sizeof info_option_table / sizeof *info_option_table,
    .min_operands = 1,
    .max_operands = 1 << 30,
    .run = info_run,
};

static double bits_per_pixel(const input *in, const ghm_stream_info *info)
{
    return 8.0 * (double)in->size / ((double)info->width * info->height);
}

static const char *components_name(ghm_components components)
{
    static const char *const names[] = { "", "grey", "grey and alpha", "RGB", "RGB and alpha" };
    return names[components];
}

static double direct_percent(const ghm_stream_info *info)
{
    const double blocks = (double)((info->width + 15) / 16) * ((info->height + 15) / 16);
    return 100.0 * (double)info->direct_blocks / blocks;
}

static void print_picture(const ghm_stream_info *info)
{
    printf("  picture         %s, %u bits", components_name(info->components), info->bit_depth);
    if (info->alpha_error > 0)
        printf(", alpha with errors up to %u in %zu bytes", info->alpha_error, info->alpha_bytes);
    else if (info->components == GHM_GREY_ALPHA || info->components == GHM_RGBA)
        printf(", alpha without loss in %zu bytes", info->alpha_bytes);
    if (info->bit_depth > 8 && !info->lossless)
        printf(", colours coded to 1/64 of an 8-bit step");
    printf("\n");
}

static void print_metadata(const ghm_metadata *metadata)
{
    const char *separator = "  metadata        ";
    for (unsigned kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        if (metadata->kinds[kind].size > 0) {
            printf("%s%s, %zu bytes", separator, metadata_name((ghm_metadata_kind)kind), metadata->kinds[kind].size);
            separator = "; ";
        }
    const unsigned orientation = metadata_orientation(metadata);
    if (orientation > 1)
        printf(" (orientation %u)", orientation);
    printf(metadata_kinds(metadata) ? "\n" : "  metadata        none\n");
}

/* What decoding takes; false when the stream needs weights that are not built in. */
static bool find_cost(weights_set *weights, const input *in, const ghm_stream_info *info, ghm_decode_cost *cost)
{
    const ghm_model *model;
    return weights_profile_name(info->model_id) &&
           weights_set_find(weights, info->model_id, in->label, &model) == EXIT_OK &&
           ghm_decode_get_cost(model, NULL, in->data, in->size, cost, NULL) == GHM_OK;
}

static double kmac_per_pixel(const ghm_stream_info *info, const ghm_decode_cost *cost)
{
    return cost->mac / 1000 / ((double)info->width * info->height);
}

static void print_cost(weights_set *weights, const input *in, const ghm_stream_info *info)
{
    const double mib = 1 << 20;
    ghm_decode_cost cost;
    if (find_cost(weights, in, info, &cost))
        printf("  decoding        %.1f MiB of memory, %.1f MiB of picture, %.1f kMAC/px\n", (double)cost.memory / mib,
               (double)cost.image_bytes / mib, kmac_per_pixel(info, &cost));
    else
        printf("  decoding        needs other weights than the built-in ones\n");
}

static void json_cost(json_object *o, weights_set *weights, const input *in, const ghm_stream_info *info)
{
    ghm_decode_cost cost;
    if (!find_cost(weights, in, info, &cost))
        return;
    json_integer(o, "decode_memory", cost.memory);
    json_integer(o, "picture_bytes", cost.image_bytes);
    json_real(o, "decode_kmac_per_pixel", kmac_per_pixel(info, &cost));
}

static void print_text(weights_set *weights, const input *in, const ghm_stream_info *info, const ghm_metadata *metadata)
{
    const char *profile = weights_profile_name(info->model_id);
    char quality[32] = "without loss";
    if (!info->lossless)
        snprintf(quality, sizeof quality, "quality %g", info->quality);
    printf("%s: %" PRIu32 "x%" PRIu32 ", %s, %zu bytes, %.3f bpp\n", in->label, info->width, info->height, quality, in->size,
           bits_per_pixel(in, info));
    print_picture(info);
    print_metadata(metadata);
    printf("  format version  %u\n", info->format_version);
    printf("  model id        %016" PRIx64 "%s%s\n", info->model_id, profile ? ", profile " : "", profile ? profile : "");
    printf("  bands           %u\n", info->n_bands);
    if (info->direct_blocks > 0)
        printf("  direct blocks   %zu, %.1f %% of the picture, in %zu bytes\n", info->direct_blocks, direct_percent(info),
               info->direct_bytes);
    printf("  header          %zu bytes\n", info->header_bytes);
    if (info->has_picture_hash)
        printf("  picture hash    %016" PRIx64 "%016" PRIx64 "\n", info->picture_hash[1], info->picture_hash[0]);
    else
        printf("  picture hash    none\n");
    printf("  complete        %s\n", info->complete ? "yes" : "no");
    print_cost(weights, in, info);
}

/* Sizes by kind, in small letters; those that are there. */
static void json_metadata(json_object *o, const ghm_metadata *metadata)
{
    json_object sizes = json_open(o, "metadata");
    for (unsigned kind = 0; kind < GHM_N_METADATA_KINDS; kind++) {
        char name[16];
        snprintf(name, sizeof name, "%s", metadata_name((ghm_metadata_kind)kind));
        for (char *p = name; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        if (metadata->kinds[kind].size > 0)
            json_integer(&sizes, name, metadata->kinds[kind].size);
    }
    json_close(&sizes);
}

static void print_json(weights_set *weights, const char *path, const input *in, const ghm_stream_info *info,
                       const ghm_metadata *metadata)
{
    const char *profile = weights_profile_name(info->model_id);
    char hash[33];
    snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64, info->picture_hash[1], info->picture_hash[0]);
    json_object o = json_begin(stdout);
    json_string(&o, "input", path);
    json_string(&o, "picture", components_name(info->components));
    json_integer(&o, "bit_depth", info->bit_depth);
    json_integer(&o, "alpha_bytes", info->alpha_bytes);
    json_integer(&o, "alpha_error", info->alpha_error);
    json_bool(&o, "lossless", info->lossless);
    json_integer(&o, "direct_blocks", info->direct_blocks);
    json_integer(&o, "direct_bytes", info->direct_bytes);
    json_metadata(&o, metadata);
    json_integer(&o, "orientation", metadata_orientation(metadata));
    json_integer(&o, "format_version", info->format_version);
    json_integer(&o, "width", info->width);
    json_integer(&o, "height", info->height);
    json_real(&o, "quality", info->quality);
    json_integer(&o, "bytes", in->size);
    json_real(&o, "bpp", bits_per_pixel(in, info));
    json_integer(&o, "header_bytes", info->header_bytes);
    json_integer(&o, "bands", info->n_bands);
    json_id(&o, "model_id", info->model_id);
    if (profile)
        json_string(&o, "profile", profile);
    else
        json_null(&o, "profile");
    if (info->has_picture_hash)
        json_string(&o, "picture_hash", hash);
    else
        json_null(&o, "picture_hash");
    json_bool(&o, "complete", info->complete);
    json_cost(&o, weights, in, info);
    json_end(&o);
}

static exit_code describe(weights_set *weights, const char *path, const input *in, bool json)
{
    const reader *foreign = reader_find(in->data, in->size);
    if (foreign)
        return fail(EXIT_BAD_INPUT, in->label, "is a %s picture, not a Gingham stream", foreign->name);
    ghm_stream_info info;
    ghm_diagnostics diag = { "" };
    ghm_metadata metadata = { 0 };
    memset(&info, 0, sizeof info);
    ghm_status status = ghm_stream_get_info(in->data, in->size, &info, &diag);
    if (status != GHM_OK)
        return fail_status(status, in->label, &diag);
    status = ghm_stream_get_metadata(in->data, in->size, &metadata, &diag);
    if (json)
        print_json(weights, path, in, &info, &metadata);
    else
        print_text(weights, in, &info, &metadata);
    ghm_metadata_free(&metadata);
    if (status != GHM_OK)
        return fail_status(status, in->label, &diag);
    if (!info.complete)
        return fail(EXIT_DAMAGED, in->label, "the stream ends early");
    return EXIT_OK;
}

static exit_code info_run(int argc, char **argv)
{
    info_options options = { false };
    const weights_options what_streams_name = { .backend = GHM_BACKEND_AUTO };
    weights_set weights;
    int n_operands;
    exit_code first_failure;
    if (!options_parse(&info_command, argc, argv, &options, &n_operands, &first_failure))
        return first_failure;
    first_failure = weights_set_open(&weights, &info_command, &what_streams_name);
    for (int i = 1; i <= n_operands; i++) {
        input in;
        exit_code code = input_read(argv[i], MAX_STREAM_BYTES, &in);
        if (code == EXIT_OK)
            code = describe(&weights, argv[i], &in, options.json);
        input_free(&in);
        if (first_failure == EXIT_OK)
            first_failure = code;
    }
    weights_set_close(&weights);
    return first_failure;
}
