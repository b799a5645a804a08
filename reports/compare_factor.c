#include "reports/compare_factor.h"

#include <stdio.h>
#include <string.h>

enum { COMMIT_SHOWN = 12 };

const char *factor_text(const struct facts *facts, const char *path)
{
    const struct fact *fact = facts_find(facts, path);

    return fact && fact->type == FACT_TEXT ? fact->text : "";
}

/* Known on both sides and not the same. */
static bool texts_differ(const char *a, const char *b)
{
    return *a && *b && strcmp(a, b) != 0;
}

static void device_words(char out[COMPARE_TEXT_MAX], const struct record *record, bool with_id)
{
    const char *name = factor_text(&record->device, "cpu.name"), *id = factor_text(&record->device, "device_id");

    if (*name && *id && with_id)
        snprintf(out, COMPARE_TEXT_MAX, "%.180s, %.64s", name, id);
    else
        snprintf(out, COMPARE_TEXT_MAX, "%.240s", *name ? name : *id ? id : "unknown");
}

bool factor_device(const struct record *base, const struct record *candidate, char base_value[COMPARE_TEXT_MAX],
                   char candidate_value[COMPARE_TEXT_MAX])
{
    const char *a = factor_text(&base->device, "device_id"), *b = factor_text(&candidate->device, "device_id");
    const char *name_a = factor_text(&base->device, "cpu.name"), *name_b = factor_text(&candidate->device, "cpu.name");
    bool differ = *a && *b ? strcmp(a, b) != 0 : texts_differ(name_a, name_b);

    device_words(base_value, base, strcmp(name_a, name_b) == 0);
    device_words(candidate_value, candidate, strcmp(name_a, name_b) == 0);
    return differ;
}

/* A build is its commit and flags. The program's hash tells builds apart on one device only: elsewhere it is another program of
 * the same source. */
bool factor_build(const struct record *base, const struct record *candidate, char base_value[COMPARE_TEXT_MAX],
                  char candidate_value[COMPARE_TEXT_MAX])
{
    static const struct {
        const char *path, *word;
        bool one_device, whole;
    } forms[] = {{"git_commit", "commit ", false, false},
                 {"version", "version ", false, true},
                 {"flags", "flags ", false, true},
                 {"build_id_sha256", "program ", true, false}};
    char words[COMPARE_TEXT_MAX];
    bool one_device = !factor_device(base, candidate, words, words);

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *a = factor_text(&base->tool, forms[i].path), *b = factor_text(&candidate->tool, forms[i].path);
        int shown = forms[i].whole ? COMPARE_TEXT_MAX - 16 : COMMIT_SHOWN;
        if ((forms[i].one_device && !one_device) || !texts_differ(a, b))
            continue;
        snprintf(base_value, COMPARE_TEXT_MAX, "%s%.*s", forms[i].word, shown, a);
        snprintf(candidate_value, COMPARE_TEXT_MAX, "%s%.*s", forms[i].word, shown, b);
        return true;
    }
    return false;
}

enum factor factor_of_trait(const char *trait)
{
    static const struct {
        const char *trait;
        enum factor factor;
    } forms[] = {{"engine", FACTOR_ENGINE},  {"model", FACTOR_MODEL},   {"shape", FACTOR_MODEL},
                 {"file", FACTOR_MODEL},     {"weights", FACTOR_MODEL}, {"format", FACTOR_FORMAT},
                 {"threads", FACTOR_THREADS}};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(trait, forms[i].trait) == 0)
            return forms[i].factor;
    return FACTOR_OPTION;
}

static void append(char *out, size_t size, const char *text)
{
    size_t length = strlen(out);

    snprintf(out + length, size - length, "%s%s", length ? ", " : "", text);
}

void factor_tell(struct comparison_pair *pair, enum factor factor, const char *name, const char *base_value,
                 const char *candidate_value)
{
    if (pair->factor == FACTOR_NONE)
        pair->factor = factor;
    else
        pair->mixed = true;
    append(pair->factor_name, sizeof pair->factor_name, name);
    append(pair->base_value, sizeof pair->base_value, *base_value ? base_value : "unknown");
    append(pair->candidate_value, sizeof pair->candidate_value, *candidate_value ? candidate_value : "unknown");
}
