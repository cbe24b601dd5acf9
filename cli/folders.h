/* folders.h - folders made, searched and removed. */
#ifndef CLI_FOLDERS_H
#define CLI_FOLDERS_H

#include "exit_codes.h"

/* "FOLDER/NAME", or NAME when that begins at the root or there is no folder. To be freed; NULL: no memory. */
char *join_path(const char *folder, const char *name);

/* All folders on the way to the file. A message has been printed unless EXIT_OK. */
exit_code make_folders(const char *file);

/* A file that was found: its path, and its name within the folder that was searched. */
typedef exit_code folder_visitor(void *user, const char *path, const char *name);

/* Call add for the regular files in the folder, at any depth, with one of these suffixes, in whatever case; in no order,
 * and without names that begin with a dot. Links are followed, but not back into a folder on the way; one that leads
 * nowhere is a file, which cannot be opened. suffixes: in lower case, ends with NULL. Goes on as long as add returns
 * EXIT_OK, and returns what ended it; EXIT_FILES when folders, each named by a message, could not be read. */
exit_code walk_folder(const char *folder, const char *const *suffixes, folder_visitor *add, void *user);

/* A new folder in $TMPDIR, or /tmp, with the name of the command in its own, which is to be freed. NULL after a message. */
char *make_temporary_folder(const char *command_name);

/* The folder and all in it; what cannot be removed stays. Links are removed, not followed. */
void remove_folder(const char *folder);

#endif
