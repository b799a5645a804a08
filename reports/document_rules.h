/* The keywords of the schema interpreter that look at one value alone. For document_schema.c alone. */
#ifndef POCKETMARK_REPORTS_DOCUMENT_RULES_H
#define POCKETMARK_REPORTS_DOCUMENT_RULES_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"

struct cJSON;

enum { SCHEMA_PATTERNS_MAX = 64 };

struct schema_pattern {
    const struct cJSON *rule;
    regex_t compiled;
};

struct schema {
    struct cJSON *root;
    struct schema_pattern patterns[SCHEMA_PATTERNS_MAX];
    size_t pattern_count;
    const struct cJSON *bad; /* the innermost keyword that is unknown or malformed */
};

/* Where in the document we are: a chain from the innermost member outwards. */
struct schema_place {
    const struct schema_place *outer;
    const char *name; /* NULL: an index */
    size_t index;
};

struct schema_run {
    const struct schema *schema;
    bool allow_more;
    unsigned depth;
    struct error *error; /* NULL: only the answer counts, as below "if" */
};

/* A keyword of the schema language. good: is the rule itself well formed? met: does the value keep it? NULL: an annotation, or
 * used by another keyword. owner is the object that holds the rule. */
struct schema_keyword {
    const char *name;
    bool (*good)(struct schema *schema, const struct cJSON *rule);
    bool (*met)(struct schema_run *run, const struct cJSON *owner, const struct cJSON *rule, const struct cJSON *value,
                const struct schema_place *place);
};

/* type, enum, const, pattern, minLength, maxLength, minimum, maximum, format and the annotations; ends with a name of NULL. */
extern const struct schema_keyword schema_value_keywords[];

bool schema_number_good(struct schema *schema, const struct cJSON *rule);

/* Sets the error and returns false. value (may be NULL) is shown. */
bool schema_refuse(struct schema_run *run, const struct schema_place *place, const struct cJSON *value,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
