/* exit_codes.h - what the process tells its caller. Scripts depend on these numbers: gingham.1 lists them. */
#ifndef CLI_EXIT_CODES_H
#define CLI_EXIT_CODES_H

typedef enum exit_code {
    EXIT_OK = 0,
    EXIT_GENERIC = 1,
    EXIT_USAGE = 2,     /* options that are wrong, or ask for what the stream or the machine does not have */
    EXIT_READ = 3,      /* the input could not be read */
    EXIT_BAD_INPUT = 4, /* read, but not a picture or stream that this version handles */
    EXIT_DAMAGED = 5,   /* a stream of ours, truncated or damaged */
    EXIT_WEIGHTS = 6,   /* weights missing, damaged, or not those the stream was made with */
    EXIT_WRITE = 7,
    EXIT_LIMIT = 8,     /* memory, or a limit on sizes */
    EXIT_SKIPPED = 9,   /* --no-overwrite, and the output exists */
    EXIT_FILES = 10,    /* a batch went through, and some of its files failed */
    EXIT_RESUME = 75    /* a signal stopped a batch between two files: run it again. sysexits.h's EX_TEMPFAIL */
} exit_code;

#endif
