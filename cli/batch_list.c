#define _POSIX_C_SOURCE 200809L
#include "batch_list.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "folders.h"
#include "input.h"
#include "message.h"
#include "output.h"

#define MAX_MANIFEST_BYTES (UINT64_C(1) << 31)

/* What a line of a manifest says about one file only. */
struct own_options {
    void *settings;
    char *options;
    char *texts[OPTIONS_MAX]; /* what settings points at */
    size_t n_texts;
};

/* What the making of a list has at hand. */
typedef struct maker {
    batch_list *list;
    const batch_command *command;
    const batch_options *options;
    const void *settings;
} maker;

/* -------------------------------------------------------------------------------------------------- names */

/* path without what would lead out of a folder it is put in: "/a", "./a", "../a" and "b/../a" become "a". To be freed;
 * NULL: no memory. */
static char *mirrored(const char *path)
{
    char *name = malloc(strlen(path) + 1);
    size_t length = 0;
    while (name && *path) {
        const size_t part = strcspn(path, "/");
        if (part == 2 && strncmp(path, "..", 2) == 0) {
            while (length > 0 && name[--length] != '/')
                ;
        } else if (part > 0 && !(part == 1 && path[0] == '.')) {
            if (length > 0)
                name[length++] = '/';
            memcpy(name + length, path, part);
            length += part;
        }
        path += part;
        path += strspn(path, "/");
    }
    if (name)
        name[length] = '\0';
    return name;
}

/* Where the output of an input goes that no manifest gives a name. NULL: no memory. */
static char *make_output_name(const maker *m, const char *input_path, const void *settings)
{
    char *name = m->options->out_dir ? mirrored(input_path) : strdup(input_path);
    char *output_name = name ? m->command->name_output(name, settings) : NULL;
    char *path = output_name ? join_path(m->options->out_dir, output_name) : NULL;
    free(name);
    free(output_name);
    return path;
}

/* -------------------------------------------------------------------------------------------------- files */

static void free_own(struct own_options *own)
{
    if (!own)
        return;
    for (size_t i = 0; i < own->n_texts; i++)
        free(own->texts[i]);
    free(own->settings);
    free(own->options);
    free(own);
}

static void free_file(batch_file *file)
{
    free(file->id);
    free(file->input);
    free(file->output);
    free_own(file->own);
}

/* The list takes over what file holds, also on failure. */
static exit_code add_file(batch_list *list, batch_file *file)
{
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 64;
        batch_file *files = realloc(list->files, capacity * sizeof *files);
        if (!files) {
            free_file(file);
            return fail_memory(NULL);
        }
        list->files = files;
        list->capacity = capacity;
    }
    list->files[list->n++] = *file;
    return file->id && file->input && file->output ? EXIT_OK : fail_memory(file->input);
}

static exit_code add_path(const maker *m, const char *path)
{
    batch_file file = { strdup(path), strdup(path), make_output_name(m, path, m->settings), m->settings,
                        m->list->options, NULL };
    return add_file(m->list, &file);
}

/* -------------------------------------------------------------------------------------------------- operands */

static exit_code add_found(void *user, const char *path, const char *name)
{
    (void)name;
    return add_path(user, path);
}

/* A file that is not there is left to fail when its turn comes: the others are done. */
static exit_code add_operand(maker *m, char *operand)
{
    struct stat st;
    if (strcmp(operand, "-") == 0)
        return fail(EXIT_USAGE, m->command->command->name, "standard input cannot be one file of a batch");
    if (stat(operand, &st) != 0 || !S_ISDIR(st.st_mode))
        return add_path(m, operand);
    for (size_t length = strlen(operand); length > 1 && operand[length - 1] == '/'; length--)
        operand[length - 1] = '\0';
    const size_t n_before = m->list->n;
    const exit_code code = walk_folder(operand, m->command->suffixes, add_found, m);
    if (code == EXIT_OK && m->list->n == n_before)
        warn(operand, "holds no inputs");
    m->list->incomplete = m->list->incomplete || code == EXIT_FILES;
    return code == EXIT_FILES ? EXIT_OK : code;
}

static int compare_inputs(const void *a, const void *b)
{
    return strcmp(((const batch_file *)a)->input, ((const batch_file *)b)->input);
}

static exit_code add_operands(maker *m, char **operands, int n_operands)
{
    exit_code code = EXIT_OK;
    for (int i = 0; i < n_operands && code == EXIT_OK; i++)
        code = add_operand(m, operands[i]);
    if (code == EXIT_OK && m->list->n > 0)
        qsort(m->list->files, m->list->n, sizeof *m->list->files, compare_inputs);
    return code;
}

/* -------------------------------------------------------------------------------------------------- manifests */

/* false: the value has a type that the option cannot have. Otherwise the text that stands for it on a command line, to be
 * freed, NULL for a switch that is not set; or NULL without memory. */
static bool option_text(const option *o, const cJSON *value, char **text)
{
    const bool is_switch = !o->metavar;
    *text = NULL;
    if (is_switch && cJSON_IsTrue(value))
        *text = strdup("");
    else if (!is_switch && cJSON_IsString(value))
        *text = strdup(value->valuestring);
    else if (!is_switch && cJSON_IsNumber(value))
        *text = cJSON_PrintUnformatted(value);
    else
        return is_switch && cJSON_IsFalse(value);
    return true;
}

static bool set_own_option(const maker *m, struct own_options *own, const cJSON *value, char *sentence, size_t size)
{
    char *text;
    const option *o = options_find(m->command->command, value->string, sentence, size);
    if (!o)
        return false;
    if (!option_text(o, value, &text)) {
        snprintf(sentence, size, "option '%s' needs %s", o->name, o->metavar ? "a text or a number" : "true or false");
        return false;
    }
    own->texts[own->n_texts++] = text;
    if (!text && !cJSON_IsFalse(value)) {
        snprintf(sentence, size, "out of memory");
        return false;
    }
    return options_set(m->command->command, own->settings, o, text, sentence, size);
}

static bool set_own_options(const maker *m, struct own_options *own, const cJSON *object, char *sentence, size_t size)
{
    const cJSON *value;
    if (cJSON_GetArraySize(object) > OPTIONS_MAX) {
        snprintf(sentence, size, "there are more options than this has");
        return false;
    }
    cJSON_ArrayForEach(value, object)
    {
        if (!set_own_option(m, own, value, sentence, size))
            return false;
    }
    own->options = options_describe(m->command->command, own->settings);
    if (!own->options)
        snprintf(sentence, size, "out of memory");
    return own->options != NULL;
}

static bool make_own_options(const maker *m, const cJSON *object, batch_file *file, char *sentence, size_t size)
{
    file->own = calloc(1, sizeof *file->own);
    if (file->own)
        file->own->settings = malloc(m->command->settings_size);
    if (!file->own || !file->own->settings) {
        snprintf(sentence, size, "out of memory");
        return false;
    }
    memcpy(file->own->settings, m->settings, m->command->settings_size);
    if (!set_own_options(m, file->own, object, sentence, size))
        return false;
    file->settings = file->own->settings;
    file->options = file->own->options;
    return true;
}

static bool parse_line(const maker *m, const cJSON *object, batch_file *file, char *sentence, size_t size)
{
    static const char *const keys[] = { "id", "input", "output", "options" };
    enum { ID, INPUT, OUTPUT, OPTIONS, N_KEYS };
    const cJSON *values[N_KEYS] = { NULL }, *value;
    cJSON_ArrayForEach(value, object)
    {
        int i = 0;
        while (i < N_KEYS && strcmp(value->string, keys[i]) != 0)
            i++;
        if (i == N_KEYS || !(i == OPTIONS ? cJSON_IsObject(value) : cJSON_IsString(value))) {
            snprintf(sentence, size, i == N_KEYS ? "'%s' is none of id, input, output, options" :
                     i == OPTIONS ? "'%s' has to be an object" : "'%s' has to be a text", value->string);
            return false;
        }
        values[i] = value;
    }
    if (!values[INPUT] || !*values[INPUT]->valuestring) {
        snprintf(sentence, size, "an input is missing");
        return false;
    }
    if (values[OPTIONS] && !make_own_options(m, values[OPTIONS], file, sentence, size))
        return false;
    const char *path = values[INPUT]->valuestring;
    file->id = strdup(values[ID] ? values[ID]->valuestring : path);
    file->input = strdup(path);
    file->output = values[OUTPUT] ? join_path(m->options->out_dir, values[OUTPUT]->valuestring)
                                  : make_output_name(m, path, file->settings);
    return true;
}

static bool is_blank(const char *text, const char *end)
{
    while (text < end && memchr(" \t\r", *text, 3))
        text++;
    return text == end;
}

static exit_code add_line(const maker *m, const char *line, size_t length, size_t number)
{
    char sentence[256] = "is not a JSON object, one alone";
    const char *end = NULL; /* of the object */
    batch_file file = { .settings = m->settings, .options = m->list->options };
    cJSON *object = cJSON_ParseWithLengthOpts(line, length, &end, false);
    const bool good = cJSON_IsObject(object) && is_blank(end, line + length) &&
                      parse_line(m, object, &file, sentence, sizeof sentence);
    cJSON_Delete(object);
    if (good)
        return add_file(m->list, &file);
    free_file(&file);
    return fail(EXIT_BAD_INPUT, m->options->manifest, "line %zu: %s", number, sentence);
}

static exit_code add_manifest(const maker *m)
{
    input in;
    exit_code code = input_read(m->options->manifest, MAX_MANIFEST_BYTES, &in);
    if (code != EXIT_OK)
        return code;
    size_t number = 1;
    for (size_t start = 0; start < in.size && code == EXIT_OK; number++) {
        const char *line = (const char *)in.data + start;
        const char *end = memchr(line, '\n', in.size - start);
        const size_t length = end ? (size_t)(end - line) : in.size - start;
        if (!is_blank(line, line + length))
            code = add_line(m, line, length, number);
        start += length + 1;
    }
    input_free(&in);
    return code;
}

/* -------------------------------------------------------------------------------------------------- the list */

static int compare_outputs(const void *a, const void *b)
{
    return strcmp((*(const batch_file *const *)a)->output, (*(const batch_file *const *)b)->output);
}

/* Two files with one output would each replace the other's, at times that nobody chooses. */
static exit_code check_outputs(const batch_list *list)
{
    exit_code code = EXIT_OK;
    const batch_file **sorted = malloc((list->n ? list->n : 1) * sizeof(batch_file *));
    if (!sorted)
        return fail_memory(NULL);
    for (size_t i = 0; i < list->n; i++)
        sorted[i] = &list->files[i];
    qsort(sorted, list->n, sizeof *sorted, compare_outputs);
    for (size_t i = 1; i < list->n && code == EXIT_OK; i++)
        if (strcmp(sorted[i]->output, sorted[i - 1]->output) == 0)
            code = fail(EXIT_USAGE, sorted[i]->output, "is the output of both %s and %s", sorted[i - 1]->input,
                        sorted[i]->input);
    free(sorted);
    return code;
}

static void keep_shard(batch_list *list, shard part)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        if (i % part.count == part.index)
            list->files[n++] = list->files[i];
        else
            free_file(&list->files[i]);
    }
    list->n = n;
}

exit_code batch_list_make(batch_list *list, const batch_command *kind, const void *settings, char **operands,
                          int n_operands)
{
    const batch_options *options = batch_options_of(kind, settings);
    maker m = { list, kind, options, settings };
    *list = (batch_list){ .options = options_describe(kind->command, settings) };
    if (!list->options)
        return fail_memory(NULL);
    exit_code code = options->manifest ? add_manifest(&m) : add_operands(&m, operands, n_operands);
    if (code == EXIT_OK && list->n == 0 && list->incomplete)
        return EXIT_READ;
    if (code == EXIT_OK && list->n == 0)
        return fail(EXIT_BAD_INPUT, kind->command->name, "the batch is empty");
    if (code == EXIT_OK)
        code = check_outputs(list);
    if (code == EXIT_OK && options->part.count > 0)
        keep_shard(list, options->part);
    return code;
}

void batch_list_free(batch_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free_file(&list->files[i]);
    free(list->files);
    free(list->options);
    *list = (batch_list){ .n = 0 };
}
