/* cmd_info.c - gingham info: what the headers of streams say. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "inspect.h"
#include "io/metadata.h"
#include "json.h"
#include "message.h"
#include "parse.h"
#include "source.h"
#include "weights.h"

/* What is told of one stream. */
typedef struct stream_report {
    const char *path, *label;
    uint64_t bytes;
    ghm_stream_info info;
    ghm_metadata metadata;
    bool has_cost;
    ghm_decode_cost cost;
} stream_report;

typedef struct info_options {
    bool json;
} info_options;

static const option info_option_table[] = {
    { "json", 0, OPTION_COMMON, NULL, NULL, parse_switch, offsetof(info_options, json),
      "one JSON object a stream, each on its own line" },
};

static exit_code info_run(int argc, char **argv);

const command info_command = {
    .name = "info",
    .operands = "INPUT...",
    .summary = "Show what streams say about themselves.",
    .details =
        "Nothing is decoded, but all checksums of chunks are compared; no more than the\n"
        "largest chunk is held in memory. '-' is standard input. A stream cut off after\n"
        "its header is described as far as it goes, and the exit status is 5.\n"
        "After a failure the remaining inputs are still shown; the exit status is that\n"
        "of the first failure.\n\n"
        "Decoding takes the memory told, on as many threads as the process may use, and\n"
        "the picture's own unless it is written row by row; the pixels' cost in\n"
        "multiply-adds is that of the networks.",
    .options = info_option_table,
    .n_options = sizeof info_option_table / sizeof *info_option_table,
    .min_operands = 1,
    .max_operands = 1 << 30,
    .run = info_run,
};

static double bits_per_pixel(const stream_report *r)
{
    return 8.0 * (double)r->bytes / ((double)r->info.width * r->info.height);
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

static double kmac_per_pixel(const stream_report *r)
{
    return r->cost.mac / 1000 / ((double)r->info.width * r->info.height);
}

static void print_cost(const stream_report *r)
{
    const double mib = 1 << 20;
    if (r->has_cost)
        printf("  decoding        %.1f MiB of memory, %.1f MiB of picture, %.1f kMAC/px\n", (double)r->cost.memory / mib,
               (double)r->cost.image_bytes / mib, kmac_per_pixel(r));
    else
        printf("  decoding        needs other weights than the built-in ones\n");
}

static void json_cost(json_object *o, const stream_report *r)
{
    if (!r->has_cost)
        return;
    json_integer(o, "decode_memory", r->cost.memory);
    json_integer(o, "picture_bytes", r->cost.image_bytes);
    json_real(o, "decode_kmac_per_pixel", kmac_per_pixel(r));
}

static void print_text(const stream_report *r)
{
    const ghm_stream_info *info = &r->info;
    const char *profile = weights_profile_name(info->model_id);
    char quality[32] = "without loss";
    if (!info->lossless)
        snprintf(quality, sizeof quality, "quality %g", info->quality);
    print_clean(stdout, "%s: %" PRIu32 "x%" PRIu32 ", %s, %" PRIu64 " bytes, %.3f bpp\n", r->label, info->width, info->height,
                quality, r->bytes, bits_per_pixel(r));
    print_picture(info);
    print_metadata(&r->metadata);
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
    print_cost(r);
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

static void print_json(const stream_report *r)
{
    const ghm_stream_info *info = &r->info;
    const char *profile = weights_profile_name(info->model_id);
    char hash[33];
    snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64, info->picture_hash[1], info->picture_hash[0]);
    json_object o = json_begin(stdout);
    json_string(&o, "input", r->path);
    json_string(&o, "picture", components_name(info->components));
    json_integer(&o, "bit_depth", info->bit_depth);
    json_integer(&o, "alpha_bytes", info->alpha_bytes);
    json_integer(&o, "alpha_error", info->alpha_error);
    json_bool(&o, "lossless", info->lossless);
    json_integer(&o, "direct_blocks", info->direct_blocks);
    json_integer(&o, "direct_bytes", info->direct_bytes);
    json_metadata(&o, &r->metadata);
    json_integer(&o, "orientation", metadata_orientation(&r->metadata));
    json_integer(&o, "format_version", info->format_version);
    json_integer(&o, "width", info->width);
    json_integer(&o, "height", info->height);
    json_real(&o, "quality", info->quality);
    json_integer(&o, "bytes", r->bytes);
    json_real(&o, "bpp", bits_per_pixel(r));
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
    json_cost(&o, r);
    json_end(&o);
}

/* What decoding takes; false when the stream needs weights that are not built in. */
static bool find_cost(weights_set *weights, const ghm_inspector *inspector, const stream_report *r, ghm_decode_cost *cost)
{
    const ghm_model *model;
    return weights_profile_name(r->info.model_id) &&
           weights_set_find(weights, r->info.model_id, r->label, &model) == EXIT_OK &&
           ghm_inspector_get_cost(inspector, model, NULL, cost, NULL) == GHM_OK;
}

static exit_code print_report(weights_set *weights, const ghm_inspector *inspector, stream_report *r, bool json)
{
    ghm_diagnostics diag = { "" };
    ghm_status status = ghm_inspector_get_info(inspector, &r->info, &diag);
    if (r->info.format_version == 0) /* not even the header */
        return fail_status(status, r->label, &diag);
    if (status == GHM_OK)
        status = ghm_inspector_get_metadata(inspector, &r->metadata, &diag);
    r->has_cost = find_cost(weights, inspector, r, &r->cost);
    if (json)
        print_json(r);
    else
        print_text(r);
    if (status != GHM_OK)
        return fail_status(status, r->label, &diag);
    return r->info.complete ? EXIT_OK : fail(EXIT_DAMAGED, r->label, "the stream ends early");
}

static exit_code describe(weights_set *weights, const char *path, bool json)
{
    source s;
    ghm_inspector *inspector = NULL;
    stream_report r = { .path = path };
    exit_code code = source_open(&s, path, UINT64_MAX);
    r.label = s.label;
    if (code == EXIT_OK)
        code = check_stream(&s);
    if (code == EXIT_OK)
        code = inspect(&s, &inspector, &r.bytes);
    if (code == EXIT_OK)
        code = print_report(weights, inspector, &r, json);
    ghm_metadata_free(&r.metadata);
    ghm_inspector_close(&inspector);
    source_close(&s);
    return code;
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
        const exit_code code = describe(&weights, argv[i], options.json);
        if (first_failure == EXIT_OK)
            first_failure = code;
    }
    weights_set_close(&weights);
    return first_failure;
}
