/* folders.h - folders made and removed. */
#ifndef CLI_FOLDERS_H
#define CLI_FOLDERS_H

#include "exit_codes.h"

/* All folders on the way to the file. A message has been printed unless EXIT_OK. */
exit_code make_folders(const char *file);

/* A new folder in $TMPDIR, or /tmp, with the name of the command in its own, which is to be freed. NULL after a message. */
char *make_temporary_folder(const char *command_name);

/* The folder and all in it; what cannot be removed stays. Links are removed, not followed. */
void remove_folder(const char *folder);

#endif
