#include "reports/glossary.h"

#include <string.h>

const struct term glossary[] = {
#define TERM(id, term, meaning) {id, term, meaning},
#include "reports/glossary.inc"
#undef TERM
};
const size_t glossary_count = sizeof glossary / sizeof *glossary;

const struct term *glossary_find(const char *id)
{
    for (size_t i = 0; i < glossary_count; i++)
        if (strcmp(glossary[i].id, id) == 0)
            return &glossary[i];
    return NULL;
}
