/* fuzz.h - what the fuzz targets share. Each target defines LLVMFuzzerTestOneInput() and is linked twice: with libFuzzer,
 * and with replay.c, which runs it over stored files. See README.md. */
#ifndef GHM_TESTS_FUZZ_H
#define GHM_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gingham/gingham.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/* testdata/parity/test.ghmw, opened once; AUTO where this CPU lacks the backend. */
const ghm_model *fuzz_model(ghm_backend backend);

/* The input byte by byte, zeros after its end. */
typedef struct fuzz_input {
    const uint8_t *p, *end;
} fuzz_input;
uint8_t fuzz_u8(fuzz_input *in);
uint16_t fuzz_u16(fuzz_input *in);
/* lo .. hi, both included. */
size_t fuzz_range(fuzz_input *in, size_t lo, size_t hi);

/* A copy in a block of its own and of exactly this size, so that sanitizers see a read past the end; free() it. */
uint8_t *fuzz_copy(const uint8_t *data, size_t size);

/* Write the CRCs, or the hash, that the content has now, so that damage reaches what lies behind the comparison. They follow
 * the lengths in the file as far as these are sound. A stream's header gets the id of fuzz_model() besides. */
void fuzz_seal_stream(uint8_t *data, size_t size);
void fuzz_seal_weights(uint8_t *data, size_t size);
void fuzz_seal_png(uint8_t *data, size_t size);

#endif
