/* weights.h - the weights that --model, --profile and --backend ask for, and those that streams name. */
#ifndef CLI_WEIGHTS_H
#define CLI_WEIGHTS_H

#include <pthread.h>

#include <gingham/gingham.h>

#include "json.h"
#include "options.h"
#include "parse.h"

/* A member of the options of each command that works with weights. */
typedef struct weights_options {
    const char *file, *profile; /* one of them at most */
    ghm_backend backend;
} weights_options;

/* Rows for the table of options; field: the offset of the weights_options. */
#define WEIGHTS_OPTION_ROWS(field) \
    { "profile", 0, OPTION_COMMON, "PROFILE", NULL, parse_profile, (field) + offsetof(weights_options, profile), \
      "use built-in weights by their name; 'gingham model list' shows them. Streams name theirs: decoding finds them" }, \
    { "model", 0, 0, "FILE", NULL, parse_text, (field) + offsetof(weights_options, file), \
      "use the weights in FILE instead of built-in ones; what is encoded with them needs them to be decoded" }, \
    { "backend", 0, 0, "BACKEND", "auto", parse_backend, (field) + offsetof(weights_options, backend), \
      "how the networks are computed; 'gingham --version' lists the ways of this machine. Streams and pixels do not depend on it" }

/* The weights asked for, or those of the default profile. The caller closes the model. */
exit_code weights_open(const command *c, const weights_options *options, ghm_model **model);

/* Weights for streams: those asked for, or those that each stream names, opened when the first one does. */
typedef struct weights_set {
    ghm_backend backend;
    ghm_model *asked_for; /* NULL: what streams name */
    pthread_mutex_t lock; /* of what follows */
    ghm_model **models;
    size_t n;
} weights_set;

/* Opens what is asked for. Closed by weights_set_close() whatever comes of it. */
exit_code weights_set_open(weights_set *set, const command *c, const weights_options *options);
/* For a stream with this model id; label names it in messages. Called by any thread. The model belongs to the set. */
exit_code weights_set_find(weights_set *set, uint64_t id, const char *label, const ghm_model **model);
void weights_set_close(weights_set *set);

/* The name of the profile with these weights; NULL when they are not built in. */
const char *weights_profile_name(uint64_t id);

/* Members model, model_id and backend of a report. */
void weights_report(const ghm_model *model, json_object *object);

#endif
