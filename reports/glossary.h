/* The words that need explaining, in one place for pages, help and README. */
#ifndef POCKETMARK_REPORTS_GLOSSARY_H
#define POCKETMARK_REPORTS_GLOSSARY_H

#include <stddef.h>

/* reports/glossary.inc: TERM(term, meaning), by alphabet. */
struct term {
    const char *term, *meaning;
};

extern const struct term glossary[];
extern const size_t glossary_count;

#endif
