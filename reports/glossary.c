#include "reports/glossary.h"

const struct term glossary[] = {
#define TERM(term, meaning) {term, meaning},
#include "reports/glossary.inc"
#undef TERM
};
const size_t glossary_count = sizeof glossary / sizeof *glossary;
