/* float_c.c - tolerant-zone layers for any machine: vectors of four floats in the compilers' notation, which become what
 * the machine's baseline has, at worst scalars. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NAME(function) function##_c
#define ISA_NAME "c"

#define TILE_VECTORS 3
enum { LANES = 4, BLOCK_POSITIONS = 3 };

typedef float vec __attribute__((vector_size(16)));
typedef int32_t mask __attribute__((vector_size(16)));

static inline vec vec_set1(float v) { return (vec){ v, v, v, v }; }
static inline vec vec_load(const float *from) { vec v; memcpy(&v, from, sizeof v); return v; }
static inline vec vec_mul(vec a, vec b) { return a * b; }
static inline vec vec_add(vec a, vec b) { return a + b; }
static inline vec vec_max(vec a, vec b) { const mask m = a > b; return (vec)(((mask)a & m) | ((mask)b & ~m)); }
static inline vec vec_fma(vec a, vec b, vec c) { return a * b + c; } /* rounded twice: not every baseline can do better */

/* Channels come in eights: n is always 4. */
static inline vec vec_load_n(const float *from, size_t n) { (void)n; return vec_load(from); }
static inline void vec_store_n(float *to, vec v, size_t n) { (void)n; memcpy(to, &v, sizeof v); }

#include "models/nn/float_body.h"
