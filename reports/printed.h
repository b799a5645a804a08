/* What a function prints, in memory. */
#ifndef POCKETMARK_REPORTS_PRINTED_H
#define POCKETMARK_REPORTS_PRINTED_H

#include <stddef.h>
#include <stdio.h>

#include "kernels/base.h"

struct printed {
    const char *what; /* it is for, in errors: the caller's */
    FILE *out;
    char *bytes; /* after printed_close, ended by a 0 that does not count; free() it in every case */
    size_t length;
};

/* Opens printed->out. STATUS_MEMORY. */
enum status printed_open(struct printed *printed, const char *what, struct error *error);

/* Closes it; returns `status`, with which the printing ended, or STATUS_MEMORY where some of it was lost. */
enum status printed_close(struct printed *printed, enum status status, struct error *error);

#endif
