#include "workloads/matmul.h"

#include <stdio.h>
#include <string.h>

#include "workloads/layout.h"

static size_t elements(const struct tensor *tensor)
{
    return tensor->rows * tensor->columns;
}

static bool same_shape(const struct tensor *a, const struct tensor *b)
{
    return a->rows == b->rows && a->columns == b->columns && a->type == b->type;
}

size_t matmul_shapes(const struct model *model, const struct tensor **shapes, size_t capacity)
{
    const struct tensor *found[ROLE_COUNT]; /* a layer has at most one matrix of each role */
    size_t count = 0;

    for (size_t i = 0; i < model->tensor_count && count < ROLE_COUNT; i++) {
        const struct tensor *tensor = &model->tensors[i];
        size_t place = 0;

        if (tensor->layer != 0 || layout_is_vector(tensor->role))
            continue;
        while (place < count && !same_shape(found[place], tensor))
            place++;
        if (place < count)
            continue;
        /* Equals stay in file order. */
        while (place > 0 && elements(found[place - 1]) < elements(tensor))
            place--;
        memmove(&found[place + 1], &found[place], (count - place) * sizeof *found);
        found[place] = tensor;
        count++;
    }
    for (size_t i = 0; i < count && i < capacity; i++)
        shapes[i] = found[i];
    return count;
}

struct matmul matmul_of(const struct model *model, const struct tensor *shape, size_t tokens, uint64_t seed)
{
    struct matmul matmul = {
        .type = shape->type, .rows = shape->rows, .columns = shape->columns, .tokens = tokens, .seed = seed};
    const char *name = shape->name, *end;
    int skip = 0;

    if (sscanf(name, "blk.%*u.%n", &skip) == 0)
        name += skip;
    end = strstr(name, ".weight");
    snprintf(matmul.name, sizeof matmul.name, "%.48s.%.*s", model->name, (int)(end ? end - name : 24), name);
    return matmul;
}
