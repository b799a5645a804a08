/* Facts: named values with the unit at the end of the name, in the order they were told. What the floors below know travels up
 * in this form, so that reports need not know where it came from. */
#ifndef POCKETMARK_REPORTS_FACTS_H
#define POCKETMARK_REPORTS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fact_type { FACT_TEXT, FACT_NUMBER, FACT_INTEGER, FACT_BOOLEAN, FACT_NULL };

struct fact {
    char *path;  /* "cpu.caches[0].size_bytes": dots nest, [i] makes an array; the whole path is unique */
    char *label; /* for people, NULL: not shown in tables */
    enum fact_type type;
    char *text; /* FACT_TEXT: the value; FACT_NULL: the reason */
    double number;
    int64_t integer;
    bool boolean;
};

struct facts {
    struct fact *items; /* owned */
    size_t count, capacity;
    bool failed; /* ran out of memory: some are missing */
};

/* label may be NULL. A second fact of the same path replaces the first. */
void facts_text(struct facts *facts, const char *path, const char *label, const char *text);
void facts_number(struct facts *facts, const char *path, const char *label, double number); /* NaN becomes null */
void facts_integer(struct facts *facts, const char *path, const char *label, int64_t integer);
void facts_boolean(struct facts *facts, const char *path, const char *label, bool value);
void facts_null(struct facts *facts, const char *path, const char *label, const char *reason);

/* Text if `text` is not empty, else null with the reason. */
void facts_text_or_null(struct facts *facts, const char *path, const char *label, const char *text, const char *reason);

/* Adds a copy of a fact whose path is known to be new, without a search for it: for readers of large documents. */
void facts_append(struct facts *facts, const struct fact *fact);

/* A copy of a fact under that path, or its own where path is NULL; it replaces one of the same path. */
void facts_copy(struct facts *facts, const char *path, const struct fact *fact);

const struct fact *facts_find(const struct facts *facts, const char *path); /* NULL: no such path */

/* A number, whole or not; NaN where the path is missing, null or of another type. */
double facts_get_number(const struct facts *facts, const char *path);

/* A text, owned by the facts; `otherwise` where it is missing, null, empty or of another type. */
const char *facts_get_text(const struct facts *facts, const char *path, const char *otherwise);

void facts_free(struct facts *facts);

#endif
