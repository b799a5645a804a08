#include "reports/page/report_traits.h"

#include <stdio.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/text.h"
#include "reports/view.h"

enum { VALUE_MAX = 512, NAME_COLUMNS = 40, HASH_SHOWN = 8, COMMIT_SHOWN = 12 };

/* ---- values ------------------------------------------------------------------------------------------------------------- */

static void parameter(char *out, size_t size, const struct report_cell *cell, const char *name)
{
    const char *const paths[] = {name, NULL};

    view_fact(out, size, &cell->cell->parameters, paths);
}

static double tokens_of(const struct report_cell *cell, const char *name)
{
    double tokens = facts_get_number(&cell->cell->parameters, name);

    return tokens > 0 ? tokens : 0;
}

static bool has_scenario(const struct report_cell *cell)
{
    return *facts_get_text(&cell->cell->parameters, "scenario", "") != '\0';
}

/* A context of just the needed length follows from the rest. */
static bool context_follows(const struct report_cell *cell)
{
    return tokens_of(cell, "context_tokens") ==
           tokens_of(cell, "prompt_tokens") + tokens_of(cell, "generated_tokens") + tokens_of(cell, "depth_tokens");
}

static void other_parameters(char *out, size_t size, const struct report_cell *cell)
{
    static const char *const known[] = {"workload",     "matrix",         "rows",          "columns",
                                        "tokens",       "scenario",       "prompt_tokens", "generated_tokens",
                                        "depth_tokens", "context_tokens", "kv_type",       "threads"};
    const struct facts *facts = &cell->cell->parameters;
    char value[VALUE_MAX];
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < facts->count && used < size; i++) {
        bool told = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            told |= strcmp(facts->items[i].path, known[k]) == 0;
        if (told)
            continue;
        parameter(value, sizeof value, cell, facts->items[i].path);
        if (*value)
            used += (size_t)snprintf(out + used, size - used, "%s%s %s", used ? ", " : "", facts->items[i].path, value);
    }
}

static bool has_file(const struct report_cell *cell)
{
    return *facts_get_text(&cell->cell->model, "file_sha256", "") ||
           *facts_get_text(&cell->cell->model, "index_sha256", "");
}

static const char *file_hash(const struct report_cell *cell)
{
    static const char *const paths[] = {"file_sha256", "index_sha256", "shape_sha256"};
    const char *hash = "";

    for (size_t i = 0; i < sizeof paths / sizeof *paths && !*hash; i++)
        hash = facts_get_text(&cell->cell->model, paths[i], "");
    return hash;
}

/* What the trait is, whole: texts of a value are equal only where the trait is. "" where the case has none. */
static void trait_value(char *out, size_t size, const struct report_cell *cell, enum report_trait trait)
{
    const struct facts *engine = &cell->cell->engine, *tool = &cell->source->record->tool;

    out[0] = '\0';
    switch (trait) {
    case TRAIT_MODEL:
        snprintf(out, size, "%s", facts_get_text(&cell->cell->model, "name", ""));
        break;
    case TRAIT_MATRIX:
        parameter(out, size, cell, "matrix");
        break;
    case TRAIT_FORMAT:
        report_format(out, size, cell);
        break;
    case TRAIT_FILE:
        snprintf(out, size, "%s", file_hash(cell));
        break;
    case TRAIT_WEIGHTS:
        snprintf(out, size, "%s", facts_get_text(&cell->cell->model, "weights", ""));
        break;
    case TRAIT_TOKENS:
        parameter(out, size, cell, "tokens");
        break;
    case TRAIT_SCENARIO:
        parameter(out, size, cell, "scenario");
        break;
    case TRAIT_PROMPT:
        if (!has_scenario(cell))
            parameter(out, size, cell, "prompt_tokens");
        break;
    case TRAIT_GENERATED:
        if (!has_scenario(cell))
            parameter(out, size, cell, "generated_tokens");
        break;
    case TRAIT_DEPTH:
        parameter(out, size, cell, "depth_tokens");
        break;
    case TRAIT_CONTEXT:
        if (!context_follows(cell))
            parameter(out, size, cell, "context_tokens");
        break;
    case TRAIT_CACHE:
        parameter(out, size, cell, "kv_type");
        break;
    case TRAIT_THREADS:
        parameter(out, size, cell, "threads");
        break;
    case TRAIT_OTHER:
        other_parameters(out, size, cell);
        break;
    case TRAIT_ENGINE:
        snprintf(out, size, "%s %s", facts_get_text(engine, "name", ""), facts_get_text(engine, "version", ""));
        break;
    case TRAIT_BUILD:
        snprintf(out, size, "%s|%s|%s|%s", facts_get_text(tool, "git_commit", ""), facts_get_text(tool, "version", ""),
                 facts_get_text(tool, "flags", ""), facts_get_text(engine, "git_commit", ""));
        break;
    case TRAIT_PROGRAM:
        snprintf(out, size, "%s|%s", facts_get_text(tool, "build_id_sha256", ""),
                 facts_get_text(engine, "binary_sha256", ""));
        break;
    case TRAIT_COUNT:
        break;
    }
}

/* FNV-1a. */
static uint64_t text_number_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash;
}

void report_traits_read(struct report_cell *cell)
{
    char value[VALUE_MAX];

    for (int trait = 0; trait < TRAIT_COUNT; trait++) {
        trait_value(value, sizeof value, cell, (enum report_trait)trait);
        cell->traits[trait] = text_number_of(value);
    }
}

/* ---- words -------------------------------------------------------------------------------------------------------------- */

void report_model(char *out, size_t size, const struct report_cell *cell)
{
    const char *name = facts_get_text(&cell->cell->model, "name", "");

    text_cut(out, size, *name ? name : *cell->cell->title ? cell->cell->title : "unnamed", NAME_COLUMNS);
}

/* "q4_0", and "q4_0/q6_k" where the output matrix has another type than all others. */
void report_format(char *out, size_t size, const struct report_cell *cell)
{
    const char *format = facts_get_text(&cell->cell->model, "quantization", "");
    const char *output = facts_get_text(&cell->cell->model, "output_tensor_type", "");
    enum dtype type, output_type;
    char text[VALUE_MAX];

    if (!view_is_matmul(cell->cell) && dtype_from_name(format, &type) && dtype_from_name(output, &output_type) &&
        type != output_type)
        snprintf(text, sizeof text, "%s/%s", format, output);
    else
        snprintf(text, sizeof text, "%s", format);
    text_cut(out, size, text, NAME_COLUMNS);
}

static void threads_text(char *out, size_t size, const struct report_cell *cell)
{
    static const char *const made[] = {"options.threads", NULL};
    char text[VALUE_MAX];

    view_fact(text, sizeof text, &cell->cell->engine, made);
    if (!*text)
        parameter(text, sizeof text, cell, "threads");
    if (strspn(text, "0123456789") == strlen(text) && *text)
        snprintf(out, size, "%s thread%s", text, strcmp(text, "1") == 0 ? "" : "s");
    else
        snprintf(out, size, "%s%s", *text ? "threads " : "", text);
}

/* "commit 63b8acbb6d80", "version 0.1.0" where no commit is known; of a foreign engine its own commit. */
static void build_text(char *out, size_t size, const struct report_cell *cell)
{
    const struct facts *tool = &cell->source->record->tool;
    const char *commit = facts_get_text(&cell->cell->engine, "git_commit", "");
    const char *dirty;

    if (!*commit)
        commit = facts_get_text(tool, "git_commit", "");
    dirty = strstr(commit, "-dirty");
    if (*commit)
        snprintf(out, size, "commit %.*s%s", COMMIT_SHOWN, commit, dirty ? "-dirty" : "");
    else
        snprintf(out, size, "version %s", facts_get_text(tool, "version", ""));
}

void report_trait_text(char *out, size_t size, const struct report_cell *cell, enum report_trait trait)
{
    static const struct {
        const char *before, *after;
    } words[TRAIT_COUNT] = {
        [TRAIT_TOKENS] = {"", " tokens"},        [TRAIT_SCENARIO] = {"scenario ", ""},
        [TRAIT_PROMPT] = {"prompt ", " tokens"}, [TRAIT_GENERATED] = {"generated ", " tokens"},
        [TRAIT_DEPTH] = {"depth ", ""},          [TRAIT_CONTEXT] = {"context ", " tokens"},
        [TRAIT_CACHE] = {"cache ", ""},          [TRAIT_ENGINE] = {"engine ", ""},
        [TRAIT_WEIGHTS] = {"", " weights"},
    };
    char value[VALUE_MAX], shown[VALUE_MAX];

    trait_value(value, sizeof value, cell, trait);
    if (trait == TRAIT_THREADS)
        threads_text(value, sizeof value, cell);
    else if (trait == TRAIT_BUILD)
        build_text(value, sizeof value, cell);
    else if (trait == TRAIT_PROGRAM && *facts_get_text(&cell->source->record->tool, "build_id_sha256", ""))
        snprintf(value, sizeof value, "program %.*s", HASH_SHOWN,
                 facts_get_text(&cell->source->record->tool, "build_id_sha256", ""));
    else if (trait == TRAIT_PROGRAM)
        value[0] = '\0';
    else if (trait == TRAIT_FILE && *value)
        snprintf(value, sizeof value, "%s %.*s", has_file(cell) ? "file" : "shape", HASH_SHOWN, file_hash(cell));
    text_cut(shown, sizeof shown, value, NAME_COLUMNS);
    snprintf(out, size, "%s%s%s", *shown && words[trait].before ? words[trait].before : "", shown,
             *shown && words[trait].after ? words[trait].after : "");
    if (strcmp(shown, "1") == 0 && words[trait].after && strcmp(words[trait].after, " tokens") == 0)
        snprintf(out, size, "%s%s token", words[trait].before, shown);
}

/* ---- labels --------------------------------------------------------------------------------------------------------------- */

/* In the order in which they are told. */
static const enum report_trait told[] = {TRAIT_SCENARIO,  TRAIT_DEPTH,   TRAIT_CACHE,   TRAIT_TOKENS, TRAIT_PROMPT,
                                         TRAIT_GENERATED, TRAIT_CONTEXT, TRAIT_WEIGHTS, TRAIT_OTHER,  TRAIT_THREADS,
                                         TRAIT_FILE,      TRAIT_ENGINE,  TRAIT_BUILD,   TRAIT_PROGRAM};
enum { TOLD = sizeof told / sizeof *told };

/* Another file or shape tells only where models and formats bear the same names, another program only on one device and of one
 * build. */
static bool trait_comparable(const struct report_cell *a, const struct report_cell *b, enum report_trait trait)
{
    if (trait == TRAIT_FILE)
        return a->traits[TRAIT_MODEL] == b->traits[TRAIT_MODEL] && a->traits[TRAIT_FORMAT] == b->traits[TRAIT_FORMAT] &&
               a->traits[TRAIT_WEIGHTS] == b->traits[TRAIT_WEIGHTS];
    return trait != TRAIT_PROGRAM || (a->device == b->device && a->traits[TRAIT_BUILD] == b->traits[TRAIT_BUILD]);
}

static bool trait_differs(const struct report_cell *cells, size_t count, const struct report_cell *cell,
                          enum report_trait trait)
{
    for (size_t i = 0; i < count; i++)
        if (cells[i].traits[trait] != cell->traits[trait] && trait_comparable(&cells[i], cell, trait))
            return true;
    return false;
}

uint32_t report_traits_differing(const struct report_cell *cells, size_t count)
{
    uint32_t differing = 0;

    for (int trait = 0; trait < TRAIT_COUNT; trait++)
        for (size_t i = 1; i < count && !(differing & 1u << trait); i++)
            if (cells[i].traits[trait] != cells[0].traits[trait])
                differing |= 1u << trait;
    return differing;
}

/* Puts ", TEXT" at the end, or as much of it as there is room for. */
static void append(char *out, size_t size, const char *text)
{
    char more[VALUE_MAX + 2];
    size_t length = strlen(out);

    snprintf(more, sizeof more, "%s%s", length ? ", " : "", text);
    if (*text && length + 8 < size)
        text_cut(out + length, size - length, more, VALUE_MAX);
}

/* Boyer and Moore's vote, and a count of the votes. */
void report_traits_usual(const struct report_cell *usual[TRAIT_COUNT], const struct report_cell *cells, size_t count)
{
    for (int trait = 0; trait < TRAIT_COUNT; trait++) {
        const struct report_cell *candidate = NULL;
        size_t votes = 0;
        for (size_t i = 0; i < count; i++) {
            if (!votes)
                candidate = &cells[i];
            if (cells[i].traits[trait] == candidate->traits[trait])
                votes++;
            else
                votes--;
        }
        votes = 0;
        for (size_t i = 0; i < count; i++)
            votes += cells[i].traits[trait] == candidate->traits[trait];
        usual[trait] = 2 * votes > count ? candidate : NULL;
    }
}

void report_traits_words(char *out, size_t size, const struct report_cell *cells, size_t count, uint32_t differing,
                         const struct report_cell *const *usual, const struct report_cell *cell)
{
    char text[VALUE_MAX];

    out[0] = '\0';
    for (size_t i = 0; i < TOLD; i++) {
        enum report_trait trait = told[i];
        bool partial = trait == TRAIT_FILE || trait == TRAIT_PROGRAM;
        if (!(differing & 1u << trait) || (partial && !trait_differs(cells, count, cell, trait)))
            continue;
        if (usual && usual[trait] && !partial && usual[trait]->traits[trait] == cell->traits[trait])
            continue;
        report_trait_text(text, sizeof text, cell, trait);
        append(out, size, text);
    }
}

/* What a request for "auto" came to may differ where the request does not. */
static bool threads_alike(const struct report_cell *cells, size_t count, const struct report_cell *cell)
{
    char own[VALUE_MAX], other[VALUE_MAX];

    threads_text(own, sizeof own, cell);
    for (size_t i = 0; i < count; i++) {
        threads_text(other, sizeof other, &cells[i]);
        if (cells[i].traits[TRAIT_THREADS] == cell->traits[TRAIT_THREADS] && strcmp(own, other) != 0)
            return false;
    }
    return true;
}

void report_traits_usual_words(char *out, size_t size, const struct report_cell *cells, size_t count,
                               const struct report_cell *const *usual)
{
    char text[VALUE_MAX];

    out[0] = '\0';
    for (size_t i = 0; i < TOLD; i++) {
        const struct report_cell *cell = usual[told[i]];
        if (!cell || told[i] == TRAIT_FILE || told[i] == TRAIT_PROGRAM)
            continue;
        report_trait_text(text, sizeof text, cell, told[i]);
        if (told[i] == TRAIT_THREADS && !threads_alike(cells, count, cell))
            snprintf(text, sizeof text, "threads auto");
        append(out, size, text);
    }
}

void report_traits_name(char *out, size_t size, const struct report_cell *cell)
{
    report_trait_text(out, size, cell, TRAIT_MATRIX);
    if (!*out)
        report_model(out, size, cell);
}

void report_label(char *out, size_t size, const struct report *report, const struct report_cell *cells, size_t count,
                  const struct report_cell *cell)
{
    char name[VALUE_MAX], format[VALUE_MAX], text[VALUE_MAX];
    bool devices = false;

    report_traits_name(name, sizeof name, cell);
    report_format(format, sizeof format, cell);
    snprintf(out, size, "%s%s%s", name, *format ? " " : "", format);
    report_traits_words(text, sizeof text, cells, count, report_traits_differing(cells, count), NULL, cell);
    append(out, size, text);
    for (size_t i = 0; i < count; i++)
        devices |= cells[i].device != cell->device;
    if (devices)
        append(out, size, report->devices[cell->device].name);
}

void report_common(char *out, size_t size, const struct report *report, const struct report_cell *cells, size_t count)
{
    const struct report_cell *common[TRAIT_COUNT] = {0};
    uint32_t differing = report_traits_differing(cells, count);
    char words[VALUE_MAX];
    bool devices = false;

    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        devices |= cells[i].device != cells[0].device;
    if (count && !devices && report->device_count > 1)
        append(out, size, report->devices[cells[0].device].name);
    for (int trait = 0; trait < TRAIT_COUNT && count; trait++)
        common[trait] = differing & 1u << trait ? NULL : &cells[0];
    report_traits_usual_words(words, sizeof words, cells, count, common);
    append(out, size, words);
}
