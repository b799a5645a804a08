/* Files of /proc and /sys, of the running machine or of a recorded tree. */
#ifndef POCKETMARK_DEVICES_TREE_H
#define POCKETMARK_DEVICES_TREE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where the environment has POCKETMARK_TREE_LOG, the number of an open file, every path that is asked for is written to it, one a
 * line, a folder with a '/' at its end, a file that only has to be there with a '?': `detect --record` learns so what a tree must
 * hold, and =2 shows it. */
#define TREE_LOG_VARIABLE "POCKETMARK_TREE_LOG"

/* A recorded tree's list of what its machine had no permission to read, one path a line, '*' within a name allowed: such files
 * give -EACCES, whether they are there or not. A tree of files cannot hold their modes. */
#define TREE_FORBIDDEN_PATH "pocketmark/forbidden"

/* In all of these `root` NULL means "/" and `path` is relative to the root ("proc/stat"). A link that leads out of a
 * recorded root is not followed (-EXDEV). A negative result is an errno with its sign turned: -ENOENT, -EACCES, … */

/* Reads at most capacity − 1 bytes and ends them with NUL. Returns the number of bytes. The size a stat() gives is
 * wrong for such files and is never used. */
ssize_t tree_read(const char *root, const char *path, char *text, size_t capacity);

/* The whole file, however long, ended with NUL; to be freed with free(). NULL: *problem holds the negative errno. */
char *tree_read_all(const char *root, const char *path, int *problem);

/* First line without the white space around it. False, and an empty text, where the file is absent, unreadable or
 * empty. */
bool tree_read_line(const char *root, const char *path, char *text, size_t capacity);

/* One unsigned decimal number, a line end after it allowed. Returns 0, -EINVAL where the content is anything else (a
 * sign, two numbers, more than 64 bits, nothing), or another negative errno. */
int tree_read_u64(const char *root, const char *path, uint64_t *value);

/* Folder to iterate with readdir() and to be closed with closedir(). NULL: *problem holds the negative errno. */
DIR *tree_open_folder(const char *root, const char *path, int *problem);

/* Is there such a file or folder that can be opened? */
bool tree_exists(const char *root, const char *path);

/* May this process do that (R_OK, R_OK | W_OK) with a file? 0, -EACCES where it is there but closed to us, or another negative
 * errno. It is not opened: a device that is opened may wake up, or be taken. A recorded tree holds an empty file in its place. */
int tree_access(const char *root, const char *path, int mode);

/* True, and *value set, where the text is one unsigned decimal number with nothing but white space after it. */
bool tree_parse_u64(const char *text, uint64_t *value);

/* The beginning of the next line of a text; NULL: this was the last one. */
const char *tree_next_line(const char *line);

/* Value of the first line "key<blanks>:<blanks>value" of a text such as /proc/cpuinfo or /proc/meminfo. False, and
 * an empty value, where there is none. Values that are too long are cut. */
bool tree_find_value(const char *text, const char *key, char *value, size_t capacity);

/* The same for lines "key=value" without blanks, as in a uevent file or Android's build properties. */
bool tree_find_property(const char *text, const char *key, char *value, size_t capacity);

/* The same for "key: N kB": bytes. False where the key is missing or the value has another form. */
bool tree_find_kib(const char *text, const char *key, uint64_t *bytes);

#endif
