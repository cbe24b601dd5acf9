/* cmd_model.c - gingham model list and info, and gingham --version, which names the weights as well. */
#include <inttypes.h>
#include <stdio.h> /* jpeglib.h needs FILE */
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "commands.h"
#include "io/reader.h"
#include "json.h"
#include "message.h"
#include "parse.h"
#include "weights.h"

typedef struct model_options {
    weights_options weights;
    bool json;
} model_options;

#define FIELD(name) offsetof(model_options, name)
static const option model_option_table[] = {
    { "profile", 0, OPTION_COMMON, "PROFILE", NULL, parse_profile, FIELD(weights.profile),
      "info: the built-in weights of this name instead of the default ones" },
    { "backend", 0, 0, "BACKEND", "auto", parse_backend, FIELD(weights.backend),
      "open the weights for this backend; 'gingham --version' lists those of this machine" },
    { "json", 0, OPTION_COMMON, NULL, NULL, parse_switch, FIELD(json),
      "report as JSON, one object for each of the weights" },
};

static exit_code model_run(int argc, char **argv);

const command model_command = {
    .name = "model",
    .operands = "list | info [FILE]",
    .summary = "List the built-in profiles, or show weights, built in or in a file.",
    .details =
        "A profile is a set of weights that is built in; 'gingham encode --profile'\n"
        "takes one by its name. A stream names the weights that it needs by their id;\n"
        "see 'gingham info'. Decoding finds those of every profile by itself.\n\n"
        "kMAC/px are thousands of multiply-adds a pixel; those of the encoder are added\n"
        "to the decoder's, which it runs too.",
    .options = model_option_table,
    .n_options = sizeof model_option_table / sizeof *model_option_table,
    .min_operands = 0,
    .max_operands = 2,
    .too_many = "one weight file at a time",
    .run = model_run,
};

/* file: NULL for built-in weights. */
static void print_json(const char *file, const ghm_model_info *info, bool is_default)
{
    json_object o = json_begin(stdout);
    if (file)
        json_string(&o, "file", file);
    json_bool(&o, "built_in", !file);
    json_bool(&o, "default", is_default);
    json_string(&o, "name", info->name);
    json_id(&o, "id", info->id);
    json_integer(&o, "bytes", info->file_bytes);
    json_integer(&o, "parameters", info->n_parameters);
    json_real(&o, "decoder_kmac", info->decoder_kmac);
    json_real(&o, "encoder_kmac", info->encoder_kmac);
    json_string(&o, "backend", ghm_backend_name(info->backend));
    json_end(&o);
}

/* -------------------------------------------------------------------------------------------------- info */

static bool is_default_profile(const char *name)
{
    ghm_profile_info profile;
    for (size_t i = 0; ghm_profile_get_info(i, &profile); i++)
        if (profile.is_default && strcmp(profile.name, name) == 0)
            return true;
    return false;
}

static void print_text(const char *file, const ghm_model_info *info)
{
    print_clean(stdout, "%s: %s\n", file ? file : "built-in weights", info->name);
    printf("  id              %016" PRIx64 "\n", info->id);
    printf("  size            %zu bytes, %zu parameters\n", info->file_bytes, info->n_parameters);
    printf("  decoder         %.1f kMAC/px\n", info->decoder_kmac);
    printf("  encoder, added  %.1f kMAC/px\n", info->encoder_kmac);
    printf("  backend         %s\n", ghm_backend_name(info->backend));
}

static exit_code get_info(const weights_options *weights, ghm_model_info *info)
{
    ghm_model *model;
    const exit_code code = weights_open(&model_command, weights, &model);
    if (code == EXIT_OK)
        ghm_model_get_info(model, info);
    ghm_model_close(&model);
    return code;
}

static exit_code show_weights(const model_options *options)
{
    const char *file = options->weights.file;
    ghm_model_info info;
    if (file && options->weights.profile)
        return options_fail_usage(&model_command, "--profile and a file both name weights; give one of them");
    const exit_code code = get_info(&options->weights, &info);
    if (code != EXIT_OK)
        return code;
    if (options->json)
        print_json(file, &info, !file && is_default_profile(info.name));
    else
        print_text(file, &info);
    return EXIT_OK;
}

/* -------------------------------------------------------------------------------------------------- list */

static exit_code list_profile(const model_options *options, const ghm_profile_info *profile)
{
    const weights_options weights = { .profile = profile->name, .backend = options->weights.backend };
    ghm_model_info info;
    const exit_code code = get_info(&weights, &info);
    if (code != EXIT_OK)
        return code;
    if (options->json)
        print_json(NULL, &info, profile->is_default);
    else
        printf("%-10s %016" PRIx64 " %10zu %11zu %8.1f %8.1f%s\n", info.name, info.id, info.file_bytes,
               info.n_parameters, info.decoder_kmac, info.encoder_kmac, profile->is_default ? "  default" : "");
    return EXIT_OK;
}

static exit_code list_profiles(const model_options *options)
{
    ghm_profile_info profile;
    exit_code code = EXIT_OK;
    if (options->weights.profile)
        return options_fail_usage(&model_command, "'list' shows every profile; --profile is for 'info'");
    if (!options->json)
        printf("%-38s %11s %17s\n%-10s %-16s %10s %11s %8s %8s\n", "", "", "kMAC/px", "profile", "id", "bytes", "parameters",
               "decoder", "encoder");
    for (size_t i = 0; code == EXIT_OK && ghm_profile_get_info(i, &profile); i++)
        code = list_profile(options, &profile);
    return code;
}

static exit_code model_run(int argc, char **argv)
{
    model_options options = { .json = false };
    int n_operands;
    exit_code code;
    if (!options_parse(&model_command, argc, argv, &options, &n_operands, &code))
        return code;
    if (n_operands == 1 && strcmp(argv[1], "list") == 0)
        return list_profiles(&options);
    if (n_operands == 0 || strcmp(argv[1], "info") != 0)
        return options_fail_usage(&model_command, "'list' and 'info' is what there is to do with weights");
    options.weights.file = n_operands == 2 ? argv[2] : NULL;
    return show_weights(&options);
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

static void print_profiles(void)
{
    ghm_profile_info profile;
    printf("profiles:");
    for (size_t i = 0; ghm_profile_get_info(i, &profile); i++)
        printf(" %s", profile.name);
    printf("\n");
}

exit_code print_version(void)
{
    const weights_options defaults = { .backend = GHM_BACKEND_AUTO };
    ghm_model_info info;
    printf("gingham %s\n", ghm_version());
    printf("built with %s, %s, libpng %s\n", COMPILER, JPEG_LIBRARY, PNG_LIBPNG_VER_STRING);
    printf("reads: %s\n", reader_names());
    print_backends();
    print_profiles();
    const exit_code code = get_info(&defaults, &info);
    if (code == EXIT_OK)
        printf("weights: %s %016" PRIx64 ", on %s\n", info.name, info.id, ghm_backend_name(info.backend));
    return code;
}
