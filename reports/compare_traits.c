#include "reports/compare_traits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"

enum { VALUE_MAX = 256 };

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static const char *fact_text(const struct fact *fact, char value[VALUE_MAX])
{
    char digits[TEXT_NUMBER_MAX];

    value[0] = '\0';
    if (!fact)
        return value;
    switch (fact->type) {
    case FACT_TEXT:
        snprintf(value, VALUE_MAX, "%s", fact->text);
        break;
    case FACT_INTEGER:
        snprintf(value, VALUE_MAX, "%" PRId64, fact->integer);
        break;
    case FACT_NUMBER:
        text_number(digits, fact->number);
        snprintf(value, VALUE_MAX, "%s", digits);
        break;
    case FACT_BOOLEAN:
        snprintf(value, VALUE_MAX, "%s", fact->boolean ? "yes" : "no");
        break;
    case FACT_NULL:
        break;
    }
    return value;
}

static void copy_fact(struct facts *to, const char *name, const struct facts *from, const char *path)
{
    char value[VALUE_MAX];

    if (*fact_text(facts_find(from, path), value))
        facts_text(to, name, NULL, value);
}

/* "q4_0", and "q4_0/q6_k" where the output matrix has a type of its own; of a matrix alone the output does not matter. */
static void read_format(struct facts *traits, const struct cell *cell, bool alone)
{
    char format[VALUE_MAX], output[VALUE_MAX], both[2 * VALUE_MAX];

    fact_text(facts_find(&cell->model, "quantization"), format);
    fact_text(facts_find(&cell->model, "output_tensor_type"), output);
    snprintf(both, sizeof both, "%s/%s", format, output);
    if (*format)
        facts_text(traits, "format", NULL, alone || !*output || strcmp(format, output) == 0 ? format : both);
}

static int64_t tokens_of(const struct cell *cell, const char *path)
{
    const struct fact *fact = facts_find(&cell->parameters, path);

    return fact && fact->type == FACT_INTEGER ? fact->integer : 0;
}

/* Only what was asked for: a context of just the needed length follows from the rest, lengths follow from a scenario. */
static bool parameter_counts(const struct cell *cell, const char *path, enum traits_scope scope)
{
    bool length = strcmp(path, "prompt_tokens") == 0 || strcmp(path, "generated_tokens") == 0;

    if (scope == TRAITS_PREFILL && strcmp(path, "generated_tokens") == 0)
        return false;
    if (scope == TRAITS_DECODE && strcmp(path, "prompt_tokens") == 0)
        return false;
    if (scope != TRAITS_WHOLE && (strcmp(path, "scenario") == 0 || strcmp(path, "workload") == 0))
        return false;
    if (scope == TRAITS_WHOLE && length && facts_find(&cell->parameters, "scenario"))
        return false;
    if (strcmp(path, "context_tokens") == 0)
        return scope == TRAITS_WHOLE && tokens_of(cell, path) != tokens_of(cell, "prompt_tokens") +
                                                                     tokens_of(cell, "generated_tokens") +
                                                                     tokens_of(cell, "depth_tokens");
    return true;
}

static void read_parameters(struct facts *traits, const struct cell *cell, enum traits_scope scope)
{
    char value[VALUE_MAX], text[2 * VALUE_MAX];

    for (size_t i = 0; i < cell->parameters.count; i++) {
        const struct fact *fact = &cell->parameters.items[i];
        if (!parameter_counts(cell, fact->path, scope) || !*fact_text(fact, value))
            continue;
        if (scope != TRAITS_WHOLE && strcmp(fact->path, "threads") == 0 && strcmp(value, "auto") == 0)
            continue;
        if (strcmp(fact->path, "scenario") == 0) {
            snprintf(text, sizeof text, "%s (%" PRId64 " + %" PRId64 ")", value, tokens_of(cell, "prompt_tokens"),
                     tokens_of(cell, "generated_tokens"));
            facts_text(traits, fact->path, NULL, text);
        } else {
            facts_text(traits, fact->path, NULL, value);
        }
    }
}

/* Another program tells a number of threads: what ours made of "auto", if it says, is the like of it. */
static void read_foreign(struct facts *traits, const struct cell *cell)
{
    copy_fact(traits, "model", &cell->model, "parameter_count");
    if (!*trait_text(traits, "threads"))
        copy_fact(traits, "threads", &cell->engine, "options.threads");
}

static bool in_scope(const struct cell *cell, enum traits_scope scope)
{
    static const enum field fields[] = {
        [TRAITS_PREFILL] = FIELD_prefill_tokens_per_second, [TRAITS_DECODE] = FIELD_decode_tokens_per_second};

    return scope == TRAITS_WHOLE || cell->figures[fields[scope]].present;
}

static int facts_compare(const void *a, const void *b)
{
    const struct fact *x = a, *y = b;

    return strcmp(x->path, y->path);
}

static void read_cell(struct facts *traits, const struct cell *cell, enum traits_scope scope)
{
    char workload[VALUE_MAX], weights[VALUE_MAX];

    fact_text(facts_find(&cell->parameters, "workload"), workload);
    fact_text(facts_find(&cell->model, "weights"), weights);
    copy_fact(traits, "engine", &cell->engine, "name");
    copy_fact(traits, "model", &cell->model, "name");
    copy_fact(traits, "shape", &cell->model, "shape_sha256");
    copy_fact(traits, "file", &cell->model, "file_sha256");
    copy_fact(traits, "file", &cell->model, "index_sha256"); /* known of every file; the other one only if asked for */
    if (*weights && scope == TRAITS_WHOLE) /* of the same shapes, synthetic ones take as long as a file's */
        facts_text(traits, "weights", NULL, weights);
    read_format(traits, cell, strcmp(workload, "matmul") == 0);
    read_parameters(traits, cell, scope);
    if (scope != TRAITS_WHOLE)
        read_foreign(traits, cell);
    if (traits->count)
        qsort(traits->items, traits->count, sizeof *traits->items, facts_compare);
}

enum status traits_read(struct traits *traits, const struct record *record, enum traits_scope scope,
                        struct error *error)
{
    *traits = (struct traits){0};
    traits->cells = calloc(record->cell_count ? record->cell_count : 1, sizeof *traits->cells);
    if (!traits->cells)
        return error_set(error, STATUS_MEMORY, "no memory to compare %zu cells", record->cell_count);
    traits->count = record->cell_count;
    for (size_t i = 0; i < record->cell_count; i++) {
        if (in_scope(&record->cells[i], scope))
            read_cell(&traits->cells[i], &record->cells[i], scope);
        if (traits->cells[i].failed)
            return error_set(error, STATUS_MEMORY, "no memory to compare %zu cells", record->cell_count);
    }
    return STATUS_OK;
}

void traits_close(struct traits *traits)
{
    for (size_t i = 0; i < traits->count; i++)
        facts_free(&traits->cells[i]);
    free(traits->cells);
    *traits = (struct traits){0};
}

const char *trait_text(const struct facts *cell, const char *name)
{
    const struct fact *fact = facts_find(cell, name);

    return fact ? fact->text : "";
}

/* ---- names ------------------------------------------------------------------------------------------------------------ */

bool drops_has(const struct drops *drops, const char *name)
{
    for (size_t i = 0; i < drops->count; i++)
        if (strcmp(drops->names[i], name) == 0)
            return true;
    return false;
}

static void drops_take(struct drops *drops, const char *name)
{
    if (drops->count < DROPS_MAX && !drops_has(drops, name))
        drops->names[drops->count++] = name;
}

void drops_add(struct drops *drops, const char *name)
{
    drops_take(drops, name);
    if (strcmp(name, "format") == 0 || strcmp(name, "model") == 0 || strcmp(name, "weights") == 0)
        drops_take(drops, "file");
    if (strcmp(name, "model") == 0)
        drops_take(drops, "shape");
}

static bool follows(const char *name)
{
    return strcmp(name, "file") == 0 || strcmp(name, "shape") == 0;
}

bool drops_tells(const struct drops *drops, size_t index)
{
    for (size_t i = 0; i < drops->count; i++)
        if (!follows(drops->names[i]))
            return !follows(drops->names[index]);
    return index == 0;
}

bool trait_is_fixed(const char *name)
{
    return strcmp(name, "workload") == 0 || strcmp(name, "matrix") == 0;
}

static size_t names_take(const char *names[DROPS_MAX], size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return count;
    if (count < DROPS_MAX)
        names[count++] = name;
    return count;
}

size_t traits_names(const struct traits *a, const struct traits *b, const char *names[DROPS_MAX])
{
    static const char *const first[] = {"file", "shape", "format", "engine", "threads", "model", "weights"};
    const struct traits *const sides[] = {a, b};
    size_t count = 0;

    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        count = names_take(names, count, first[i]);
    for (size_t side = 0; side < 2; side++)
        for (size_t i = 0; i < sides[side]->count; i++)
            for (size_t k = 0; k < sides[side]->cells[i].count; k++)
                count = names_take(names, count, sides[side]->cells[i].items[k].path);
    return count;
}

void drops_add_partial(struct drops *drops, const struct traits *a, const struct traits *b)
{
    const struct traits *const sides[] = {a, b};
    const char *names[DROPS_MAX];
    size_t count = traits_names(a, b, names);

    for (size_t side = 0; side < 2; side++)
        for (size_t i = 0; i < sides[side]->count; i++)
            for (size_t k = 0; k < count && sides[side]->cells[i].count; k++)
                if (!*trait_text(&sides[side]->cells[i], names[k]))
                    drops_take(drops, names[k]);
}
