/* profiles.h - the weights compiled into the library, as unpack_weights.c left them. CMakeLists.txt makes the table. */
#ifndef GHM_MODELS_PROFILES_H
#define GHM_MODELS_PROFILES_H

#include <stddef.h>
#include <stdint.h>

typedef struct embedded_profile {
    const char *name;
    const uint8_t *weights, *end; /* for model_open_unpacked() */
} embedded_profile;

extern const embedded_profile embedded_profiles[];
extern const size_t n_embedded_profiles, default_embedded_profile; /* how many there are, and an index */

#endif
