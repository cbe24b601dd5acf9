/* batch_list.h - the files of a batch: from operands and folders, or from a manifest. */
#ifndef CLI_BATCH_LIST_H
#define CLI_BATCH_LIST_H

#include "batch.h"

typedef struct batch_list {
    batch_file *files;
    size_t n, capacity;
    char *options;   /* of the files that have none of their own */
    bool incomplete; /* a folder could not be read */
} batch_list;

/* The shard's files in stable order: those of operands by name, those of a manifest as it lists them. settings: the
 * command's. All of the batch is checked, not the shard alone. A message has been printed unless EXIT_OK. Released with
 * batch_list_free(), also after a failure. */
exit_code batch_list_make(batch_list *list, const batch_command *kind, const void *settings, char **operands,
                          int n_operands);
void batch_list_free(batch_list *list);

#endif
