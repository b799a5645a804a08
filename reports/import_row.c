#include "reports/import_row.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"

enum { SAMPLES_MAX = 100000 };

static const double TOKENS_MAX = 1e7;

static enum status refuse(const struct import_row *row, const char *key, const char *rule, struct error *error)
{
    return error_set(error, STATUS_FORMAT, "row %zu: %s %s", row->number, key, rule);
}

const cJSON *import_row_member(const struct import_row *row, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row->tree, key);

    return cJSON_IsNull(item) ? NULL : item;
}

static enum status take_count(const struct import_row *row, const char *key, bool required, double *count,
                              struct error *error)
{
    const cJSON *item = import_row_member(row, key);

    *count = 0;
    if (!item)
        return required ? refuse(row, key, "is missing: this is no row of llama-bench", error) : STATUS_OK;
    if (!cJSON_IsNumber(item) || item->valuedouble != floor(item->valuedouble) || item->valuedouble < 0 ||
        item->valuedouble > TOKENS_MAX)
        return refuse(row, key, "is not a whole number from 0 to 10000000", error);
    *count = item->valuedouble;
    return STATUS_OK;
}

static enum status take_counts(struct import_row *row, struct error *error)
{
    enum status status = take_count(row, "n_prompt", true, &row->prompt, error);

    if (!status)
        status = take_count(row, "n_gen", true, &row->generated, error);
    if (!status)
        status = take_count(row, "n_depth", false, &row->depth, error);
    if (!status && row->prompt + row->generated == 0)
        status = refuse(row, "n_prompt", "and n_gen are 0: nothing was measured", error);
    return status;
}

static enum status take_texts(struct import_row *row, struct error *error)
{
    const struct {
        const char *key, **text;
    } texts[] = {
        {"build_commit", &row->build_commit},
        {"cpu_info", &row->cpu_info},
        {"gpu_info", &row->gpu_info},
        {"backends", &row->backends},
        {"model_filename", &row->model_filename},
        {"model_type", &row->model_type},
        {"test_time", &row->test_time},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const cJSON *item = import_row_member(row, texts[i].key);
        if (item && !cJSON_IsString(item))
            return refuse(row, texts[i].key, "is not a string", error);
        *texts[i].text = item ? item->valuestring : "";
    }
    if (!*row->model_filename && !*row->model_type)
        return refuse(row, "model_filename", "and model_type are missing: of what model is it?", error);
    if (*row->test_time && (!text_is_date_time(row->test_time) || strlen(row->test_time) > 31))
        return refuse(row, "test_time", "is not a date and time after RFC 3339", error);
    return STATUS_OK;
}

static enum status take_array(struct import_row *row, const char *key, const cJSON **array, struct error *error)
{
    const cJSON *item;
    size_t count = 0;

    *array = import_row_member(row, key);
    if (*array && !cJSON_IsArray(*array))
        return refuse(row, key, "is not an array", error);
    cJSON_ArrayForEach(item, *array)
    {
        if (!cJSON_IsNumber(item) || !(item->valuedouble > 0))
            return refuse(row, key, "holds something else than numbers above 0", error);
        if (++count > SAMPLES_MAX)
            return refuse(row, key, "has more than 100000 samples", error);
    }
    if (count && row->samples && row->samples != count)
        return refuse(row, key, "is not as long as the other array of samples", error);
    if (count)
        row->samples = count;
    else
        *array = NULL;
    return STATUS_OK;
}

static enum status take_samples(struct import_row *row, struct error *error)
{
    enum status status = take_array(row, "samples_ts", &row->rates, error);

    if (!status)
        status = take_array(row, "samples_ns", &row->times, error);
    if (!status && !row->samples)
        status = refuse(row, "samples_ts",
                        "is missing or empty: only `llama-bench -o json` and `-o jsonl` tell samples", error);
    return status;
}

bool import_row_outcome(const char *name)
{
    return strncmp(name, "avg_", 4) == 0 || strncmp(name, "stddev_", 7) == 0 || strncmp(name, "samples_", 8) == 0 ||
           strcmp(name, "test_time") == 0;
}

static enum status hash_row(struct import_row *row, struct error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const cJSON *item;

    if (out) {
        cJSON_ArrayForEach(item, row->tree)
        {
            char *value = import_row_outcome(item->string) ? NULL : cJSON_PrintUnformatted(item);
            if (value)
                fprintf(out, "%s=%s\n", item->string, value);
            cJSON_free(value);
        }
    }
    if (!out || fclose(out) != 0)
        return error_set(error, STATUS_MEMORY, "no memory for row %zu", row->number);
    digest_bytes(text, size, row->key);
    free(text);
    return STATUS_OK;
}

/* "Q4_K - Medium" in "llama 8B Q4_K - Medium" becomes "q4_k_m"; "unknown" where no word looks like a type. */
static void format_of_type(const char *type, char format[IMPORT_FORMAT_MAX])
{
    static const char *const kinds[] = {"F16", "F32", "BF16", "Q", "IQ", "TQ", "MXFP", "NVFP"};
    const char *found = NULL;
    size_t length = 0;

    for (const char *word = type; *word; word += strcspn(word, " "), word += strspn(word, " "))
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            size_t kind = strlen(kinds[i]);
            char next = strncmp(word, kinds[i], kind) == 0 ? word[kind] : 'x';
            if (i < 3 ? next == '\0' || next == ' ' : isdigit((unsigned char)next) != 0)
                found = word;
        }
    if (found)
        length = strcspn(found, " ");
    if (!found || length + 3 > IMPORT_FORMAT_MAX) {
        strcpy(format, "unknown");
        return;
    }
    for (size_t i = 0; i < length; i++)
        format[i] = (char)tolower((unsigned char)found[i]);
    format[length] = '\0';
    if (strncmp(found + length, " - Small", 8) == 0)
        strcpy(format + length, "_s");
    else if (strncmp(found + length, " - Medium", 9) == 0)
        strcpy(format + length, "_m");
    else if (strncmp(found + length, " - Large", 8) == 0)
        strcpy(format + length, "_l");
}

/* "models/Llama-3.2-1B-Q4_0.gguf" becomes "llama-3.2-1b", so that it meets its described model; else the type as told. */
static void name_of_model(const char *file, const char *type, const char *format, char name[IMPORT_NAME_MAX])
{
    const char *slash = strrchr(file, '/');
    const char *base = slash ? slash + 1 : file;
    size_t length = strlen(base), suffix = strlen(format);

    if (length > 5 && strcasecmp(base + length - 5, ".gguf") == 0)
        length -= 5;
    if (length > suffix + 1 && strncasecmp(base + length - suffix, format, suffix) == 0 &&
        strchr("-._", base[length - suffix - 1]))
        length -= suffix + 1;
    if (!length) {
        base = *type ? type : "unknown";
        length = strlen(base);
    }
    length = length < IMPORT_NAME_MAX ? length : IMPORT_NAME_MAX - 1;
    for (size_t i = 0; i < length; i++)
        name[i] = (char)(isspace((unsigned char)base[i]) ? '-' : tolower((unsigned char)base[i]));
    name[length] = '\0';
}

enum status import_row_read(struct import_row *row, const cJSON *tree, size_t number, struct error *error)
{
    enum status status;

    *row = (struct import_row){.tree = tree, .number = number};
    if (!cJSON_IsObject(tree))
        return error_set(error, STATUS_FORMAT, "row %zu is no object: this is not what llama-bench prints", number);
    status = take_counts(row, error);
    if (!status)
        status = take_texts(row, error);
    if (!status)
        status = take_samples(row, error);
    if (status)
        return status;
    format_of_type(row->model_type, row->format);
    name_of_model(row->model_filename, row->model_type, row->format, row->name);
    return hash_row(row, error);
}
