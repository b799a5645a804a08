#include "runner/observe.h"

void observe_fact(struct facts *observations, const struct fact *told, size_t launches)
{
    const struct fact *before = facts_find(observations, told->path);

    if (told->type == FACT_NULL && before && before->type != FACT_NULL)
        return;
    if (told->type == FACT_NUMBER && before && before->type == FACT_NUMBER && launches)
        facts_number(observations, told->path, told->label,
                     before->number + (told->number - before->number) / (double)(launches + 1));
    else
        facts_copy(observations, told->path, told);
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
