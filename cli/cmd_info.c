/* cmd_info.c - gingham info: what the headers of streams say. */
#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "input.h"
#include "io/reader.h"
#include "json.h"
#include "message.h"
#include "parse.h"

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
        "exit status is that of the first failure.",
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

static void print_text(const input *in, const ghm_stream_info *info)
{
    printf("%s: %" PRIu32 "x%" PRIu32 ", quality %g, %zu bytes, %.3f bpp\n", in->label, info->width, info->height,
           info->quality, in->size, bits_per_pixel(in, info));
    printf("  format version  %u\n", info->format_version);
    printf("  model id        %016" PRIx64 "\n", info->model_id);
    printf("  bands           %u\n", info->n_bands);
    printf("  header          %zu bytes\n", info->header_bytes);
    if (info->has_picture_hash)
        printf("  picture hash    %016" PRIx64 "%016" PRIx64 "\n", info->picture_hash[1], info->picture_hash[0]);
    else
        printf("  picture hash    none\n");
    printf("  complete        %s\n", info->complete ? "yes" : "no");
}

static void print_json(const char *path, const input *in, const ghm_stream_info *info)
{
    char hash[33];
    snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64, info->picture_hash[1], info->picture_hash[0]);
    json_object o = json_begin(stdout);
    json_string(&o, "input", path);
    json_integer(&o, "format_version", info->format_version);
    json_integer(&o, "width", info->width);
    json_integer(&o, "height", info->height);
    json_real(&o, "quality", info->quality);
    json_integer(&o, "bytes", in->size);
    json_real(&o, "bpp", bits_per_pixel(in, info));
    json_integer(&o, "header_bytes", info->header_bytes);
    json_integer(&o, "bands", info->n_bands);
    json_id(&o, "model_id", info->model_id);
    if (info->has_picture_hash)
        json_string(&o, "picture_hash", hash);
    else
        json_null(&o, "picture_hash");
    json_bool(&o, "complete", info->complete);
    json_end(&o);
}

static exit_code describe(const char *path, const input *in, bool json)
{
    const reader *foreign = reader_find(in->data, in->size);
    if (foreign)
        return fail(EXIT_BAD_INPUT, in->label, "is a %s picture, not a Gingham stream", foreign->name);
    ghm_stream_info info;
    ghm_diagnostics diag = { "" };
    memset(&info, 0, sizeof info);
    const ghm_status status = ghm_stream_get_info(in->data, in->size, &info, &diag);
    if (status != GHM_OK)
        return fail_status(status, in->label, &diag);
    if (json)
        print_json(path, in, &info);
    else
        print_text(in, &info);
    if (!info.complete)
        return fail(EXIT_DAMAGED, in->label, "the stream ends early");
    return EXIT_OK;
}

static exit_code info_run(int argc, char **argv)
{
    info_options options = { false };
    int n_operands;
    exit_code first_failure;
    if (!options_parse(&info_command, argc, argv, &options, &n_operands, &first_failure))
        return first_failure;
    for (int i = 1; i <= n_operands; i++) {
        input in;
        exit_code code = input_read(argv[i], MAX_STREAM_BYTES, &in);
        if (code == EXIT_OK)
            code = describe(argv[i], &in, options.json);
        input_free(&in);
        if (first_failure == EXIT_OK)
            first_failure = code;
    }
    return first_failure;
}
