/* Another program as a tool: bytes in, bytes out, no shell, and an end to its time. */
#ifndef POCKETMARK_REPORTS_TOOL_H
#define POCKETMARK_REPORTS_TOOL_H

#include <stddef.h>

#include "kernels/base.h"

struct tool {
    const char *const *arguments; /* the program first, looked up in PATH; NULL-terminated */
    const char *package;          /* Debian's package, for the error where it is missing */
    const char *purpose;          /* what is lost without it: "the charts were left out" */
    double seconds;               /* after so long it is killed, and its children with it */
};

/* Runs it with `in` as standard input, and with SOURCE_DATE_EPOCH=0, so that equal input gives equal bytes; *out gets what it
 * wrote to standard output, ended by a 0 that does not count, to be freed. STATUS_UNSUPPORTED: not installed; STATUS_FAILED: ended
 * badly (the text has its last words), took too long or wrote more than 256 MiB; STATUS_MEMORY, STATUS_IO. *out is NULL then. */
enum status tool_run(const struct tool *tool, const char *in, size_t in_length, char **out, size_t *out_length,
                     struct error *error);

#endif
