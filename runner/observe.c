#include "runner/observe.h"

void observe_launch(struct facts *observations, const struct facts *told, size_t launches)
{
    for (size_t i = 0; i < told->count; i++) {
        const struct fact *fact = &told->items[i], *before = facts_find(observations, fact->path);
        bool mean = before && before->type == FACT_NUMBER && launches;

        switch (fact->type) {
        case FACT_TEXT:
            facts_text(observations, fact->path, fact->label, fact->text);
            break;
        case FACT_NUMBER:
            facts_number(observations, fact->path, fact->label,
                         mean ? before->number + (fact->number - before->number) / (double)(launches + 1)
                              : fact->number);
            break;
        case FACT_INTEGER:
            facts_integer(observations, fact->path, fact->label, fact->integer);
            break;
        case FACT_BOOLEAN:
            facts_boolean(observations, fact->path, fact->label, fact->boolean);
            break;
        case FACT_NULL:
            if (!before || before->type == FACT_NULL)
                facts_null(observations, fact->path, fact->label, fact->text);
            break;
        }
    }
}

bool observe_series(struct cell *cell, const struct cell *told)
{
    bool good = true;

    for (size_t i = 0; i < told->series_count; i++)
        for (size_t j = 0; j < told->series[i].count && good; j++)
            good = cell_add_sample(cell, told->series[i].name, told->series[i].offsets_seconds[j],
                                   told->series[i].values[j]);
    return good;
}
