#include "runner/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/units.h"

void show_value(const struct fact *fact, char *out, size_t size)
{
    const char *unit = units_of_name(fact->path);

    switch (fact->type) {
    case FACT_TEXT:
        snprintf(out, size, "%s", fact->text);
        return;
    case FACT_NUMBER:
        units_format(out, size, unit, fact->number);
        return;
    case FACT_INTEGER:
        if (*unit && strcmp(unit, "count") != 0)
            units_format(out, size, unit, (double)fact->integer);
        else
            snprintf(out, size, "%" PRId64, fact->integer);
        return;
    case FACT_BOOLEAN:
        snprintf(out, size, "%s", fact->boolean ? "yes" : "no");
        return;
    case FACT_NULL:
        break;
    }
    snprintf(out, size, "unknown: %s", fact->text);
}

void show_facts(const struct facts *facts, FILE *out)
{
    size_t width = 0;

    for (size_t i = 0; i < facts->count; i++)
        if (facts->items[i].label && strlen(facts->items[i].label) > width)
            width = strlen(facts->items[i].label);
    for (size_t i = 0; i < facts->count; i++) {
        char value[600];
        if (!facts->items[i].label)
            continue;
        show_value(&facts->items[i], value, sizeof value);
        fprintf(out, "%-*s  %s\n", (int)width, facts->items[i].label, value);
    }
}

enum status show_json(const struct facts *facts, FILE *out, struct error *error)
{
    char *text = NULL;
    enum status status = document_facts_text(facts, &text, error);

    if (!status)
        fprintf(out, "%s\n", text);
    free(text);
    return status;
}
