/* cmd_model.c - gingham model info, and gingham --version, which names the weights as well. */
#include <inttypes.h>
#include <stdio.h> /* jpeglib.h needs FILE */
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "commands.h"
#include "json.h"
#include "message.h"
#include "parse.h"
#include "weights.h"

typedef struct model_options {
    ghm_backend backend;
    bool json;
} model_options;

#define FIELD(name) offsetof(model_options, name)
static const option model_option_table[] = {
    { "backend", 0, false, "NAME", "auto", parse_backend, FIELD(backend),
      "c, blas, avx2, avx512 or auto: open the weights for this one" },
    { "json", 0, true, NULL, NULL, parse_switch, FIELD(json),
      "report as one JSON object" },
};

static exit_code model_run(int argc, char **argv);

const command model_command = {
    .name = "model",
    .operands = "info [FILE]",
    .summary = "Show the built-in weights, or those in a file.",
    .details =
        "A stream names the weights that it needs by their id; see 'gingham info'.\n"
        "kMAC/px are thousands of multiply-adds a pixel.",
    .options = model_option_table,
    .n_options = sizeof model_option_table / sizeof *model_option_table,
    .min_operands = 0,
    .max_operands = 2,
    .too_many = "one weight file at a time",
    .run = model_run,
};

static void print_text(const char *file, const ghm_model_info *info)
{
    printf("%s: %s\n", file ? file : "built-in weights", info->name);
    printf("  id              %016" PRIx64 "\n", info->id);
    printf("  size            %zu bytes\n", info->file_bytes);
    printf("  decoder         %.1f kMAC/px\n", info->decoder_kmac);
    printf("  encoder, added  %.1f kMAC/px\n", info->encoder_kmac);
    printf("  backend         %s\n", ghm_backend_name(info->backend));
}

static void print_json(const char *file, const ghm_model_info *info)
{
    json_object o = json_begin(stdout);
    if (file)
        json_string(&o, "file", file);
    json_bool(&o, "built_in", !file);
    json_string(&o, "name", info->name);
    json_id(&o, "id", info->id);
    json_integer(&o, "bytes", info->file_bytes);
    json_real(&o, "decoder_kmac", info->decoder_kmac);
    json_real(&o, "encoder_kmac", info->encoder_kmac);
    json_string(&o, "backend", ghm_backend_name(info->backend));
    json_end(&o);
}

static exit_code model_run(int argc, char **argv)
{
    model_options options = { .json = false };
    int n_operands;
    exit_code code;
    if (!options_parse(&model_command, argc, argv, &options, &n_operands, &code))
        return code;
    if (n_operands == 0 || strcmp(argv[1], "info") != 0)
        return options_fail_usage(&model_command, "'info' is what there is to do with weights");
    const char *file = n_operands == 2 ? argv[2] : NULL;
    ghm_model *model;
    code = weights_open(file, options.backend, &model);
    if (code != EXIT_OK)
        return code;
    ghm_model_info info;
    ghm_model_get_info(model, &info);
    ghm_model_close(&model);
    if (options.json)
        print_json(file, &info);
    else
        print_text(file, &info);
    return EXIT_OK;
}

/* -------------------------------------------------------------------------------------------------- version */

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#ifdef __clang__
#define COMPILER __VERSION__ /* says "Clang" itself */
#else
#define COMPILER "GCC " __VERSION__
#endif
#ifdef LIBJPEG_TURBO_VERSION
#define JPEG_LIBRARY "libjpeg-turbo " TEXT(LIBJPEG_TURBO_VERSION)
#else
#define JPEG_LIBRARY "libjpeg " TEXT(JPEG_LIB_VERSION)
#endif

static void print_backends(void)
{
    printf("backends:");
    for (int i = 0; ghm_backend_name((ghm_backend)i) != NULL; i++)
        if (i != GHM_BACKEND_AUTO && ghm_backend_available((ghm_backend)i))
            printf(" %s", ghm_backend_name((ghm_backend)i));
    printf("\n");
}

exit_code print_version(void)
{
    ghm_model *model;
    printf("gingham %s\n", ghm_version());
    printf("built with %s, %s, libpng %s\n", COMPILER, JPEG_LIBRARY, PNG_LIBPNG_VER_STRING);
    print_backends();
    const exit_code code = weights_open(NULL, GHM_BACKEND_AUTO, &model);
    if (code != EXIT_OK)
        return code;
    ghm_model_info info;
    ghm_model_get_info(model, &info);
    printf("weights: %s %016" PRIx64 ", on %s\n", info.name, info.id, ghm_backend_name(info.backend));
    ghm_model_close(&model);
    return EXIT_OK;
}
