#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sample_document.h"

/* Sets PATH.NAME to a JSON value (NULL: removes it), signs, validates. */
static enum status edited(const char *path, const char *name, const char *json, struct error *error)
{
    char *text = sample_text(), *changed;
    cJSON *document = cJSON_Parse(text), *parent = at(document, path);
    enum status status;

    cJSON_DeleteItemFromObjectCaseSensitive(parent, name);
    if (json) {
        cJSON *value = cJSON_Parse(json);
        assert_non_null(value);
        cJSON_AddItemToObject(parent, name, value);
    }
    changed = sign(document);
    *error = (struct error){0};
    status = validate(changed, error);
    cJSON_Delete(document);
    free(changed);
    free(text);
    return status;
}

/* Each edit breaks one rule; the error names the place and the rule. */
static void test_schema_refuses(void **state)
{
    static const struct {
        const char *path, *name, *json, *says;
    } cases[] = {
        {"", "result_id", NULL, "document: member \"result_id\" is missing"},
        {"", "result_id", "\"x\"", "result_id: must match"},
        {"", "kind", "\"virtual\"", "kind: must be one of"},
        {"", "surprise", "1", "surprise: no such member"},
        {"", "created", "\"yesterday\"", "created: must be a date and time"},
        {"", "created", "17", "created: must be string, found 17"},
        {"", "status", "\"done\"", "status: must be one of"},
        {"", "cells", "[]", "cells: must have 1 items"},
        {"", "cells", "{}", "cells: must be array"},
        {"", "tool", "[]", "tool: must be object, found []"},
        {"tool", "build_id_sha256", "\"ABC\"", "tool.build_id_sha256: must match"},
        {"tool", "git_commit", "\"main\"", "tool.git_commit: must match"},
        {"tool", "version", "\"\"", "tool.version: must have 1 characters"},
        {"workload", "seed", "1.5", "workload.seed: must be integer, found 1.5"},
        {"workload", "mode", "null", "workload.mode: must be one of"},
        {"device", "memory_bytes", "0", "device.memory_bytes: must be at least 1"},
        {"device", "memory_bytes", "\"8 GB\"", "device.memory_bytes: must be integer or null"},
        {"device", "device_id", "\"short\"", "device.device_id: must have 8 characters"},
        {"device", "kind", "\"toaster\"", "device.kind: must be one of"},
        {"environment", "governor", "5", "environment.governor: must be string or null"},
        {"cells.0", "cell_id", "\"Bad Id\"", "cells[0].cell_id: must match"},
        {"cells.0", "cell_id", "\"\"", "cells[0].cell_id: must match"},
        {"cells.0", "extra", "true", "cells[0].extra: no such member"},
        {"cells.0", "status", "\"failed\"", "cells[0]: member \"reason\" is missing"},
        {"cells.4", "reason", "\"\"", "cells[4].reason: must have 1 characters"},
        {"cells.0", "stop_reason", "\"bored\"", "cells[0].stop_reason: must be one of"},
        {"cells.1.model", "weights", "\"file\"", "cells[1].model: member \"file_sha256\" is missing"},
        {"cells.1.model", "quantization", NULL, "cells[1].model: member \"quantization\" is missing"},
        {"cells.1.parameters", "workload", "\"idle\"", "cells[1].parameters.workload: must be one of"},
        {"cells.1.parameters", "prompt_tokens", "-1", "cells[1].parameters.prompt_tokens: must be at least 0"},
        {"cells.1.parameters", "threads", "true", "cells[1].parameters.threads: must be string or integer"},
        {"cells.1.engine", "backend", NULL, "cells[1].engine: member \"backend\" is missing"},
        {"cells.0.repetitions.3", "phase", "\"hot\"", "cells[0].repetitions[3].phase: must be one of"},
        {"cells.0.repetitions.3", "launch", "-2", "cells[0].repetitions[3].launch: must be at least 0"},
        {"cells.0.repetitions.3.values", "load_seconds", "\"3\"", "values.load_seconds: must be number or null"},
        {"cells.0.summary", "speed", "{\"value\":1,\"better\":\"higher\"}", "cells[0].summary.speed: must match"},
        {"cells.0.summary", "load_seconds", "{\"value\":null,\"better\":\"lower\"}",
         "cells[0].summary.load_seconds: member \"reason\" is missing"},
        {"cells.0.summary", "load_seconds", "{\"value\":1,\"better\":\"lower\"}",
         "cells[0].summary.load_seconds: member \"estimator\" is missing"},
        {"cells.0.summary.decode_tokens_per_second", "value", "true",
         "cells[0].summary.decode_tokens_per_second.value: must be number or null, found true"},
        {"cells.0.summary.decode_tokens_per_second", "better", "\"more\"",
         "cells[0].summary.decode_tokens_per_second.better: must be one of"},
        {"cells.0.summary.decode_tokens_per_second", "scope", "\"galaxy\"", ".scope: must be one of"},
        {"integrity", "journal_sha256", "\"00\"", "integrity.journal_sha256: must match"},
        {"schema", "name", "\"other.result\"", "schema.name: must be \"pocketmark.result\""},
        {"schema", "version", "\"0.9\"", "schema.version: must match"},
        {"schema", "version", "\"one\"", "schema.version: must match"},
        {"schema", "version", "1.0", "schema.version: must be string"},
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(edited(cases[i].path, cases[i].name, cases[i].json, &error), STATUS_FORMAT);
        if (!strstr(error.text, cases[i].says))
            fail_msg("case %zu says \"%s\", not \"%s\"", i, error.text, cases[i].says);
    }
}

static void test_meaning_refuses(void **state)
{
    static const struct {
        const char *path, *name, *json, *says;
    } cases[] = {
        {"cells.0.summary.decode_tokens_per_second", "ci_low", "49", "decode_tokens_per_second.value: must lie within"},
        {"cells.0.summary.decode_tokens_per_second", "ci_high", "1", "decode_tokens_per_second.value: must lie within"},
        {"cells.0.summary.decode_tokens_per_second", "n", "7", "decode_tokens_per_second.n: must be 6"},
        {"cells.0.summary.decode_tokens_per_second", "launches", "10", "decode_tokens_per_second.launches: must be 6"},
        {"cells.0.repetitions.2", "phase", "\"warmup\"", "must be 5, the measured repetitions"},
        {"cells.0.summary.decode_tokens_per_second", "better", "\"lower\"", "better: must be \"higher\" for"},
        {"cells.0.series.cpu_frequency_hertz", "values", "[1]", "cpu_frequency_hertz: must have one value for each"},
        {"cells.1", "cell_id", "\"llm.llama-3.2-1b.q4_0\"", "cell_id \"llm.llama-3.2-1b.q4_0\" stands twice"},
        {"schema", "version", "\"2.0\"", "schema.version: 2.0 is newer than this program reads (1.x)"},
        {"schema", "version", "\"17.3\"", "17.3 is newer"},
        {"schema", "version", "\"99999999999999999999.0\"", "is newer"},
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(edited(cases[i].path, cases[i].name, cases[i].json, &error), STATUS_FORMAT);
        if (!strstr(error.text, cases[i].says))
            fail_msg("case %zu says \"%s\", not \"%s\"", i, error.text, cases[i].says);
    }
}

/* What the schema allows beyond what this program writes. */
static void test_accepts(void **state)
{
    static const struct {
        const char *path, *name, *json;
    } cases[] = {
        {"", "extensions", "{\"anything\":[1,{\"x\":null}]}"},
        {"schema", "version", "\"1.0\""},
        {"schema", "version", "\"1.7\""},
        {"device", "memory_bytes", "null"},
        {"device", "accelerators", "[]"},
        {"tool", "git_commit", "\"0123456789abcdef0123456789abcdef01234567-dirty\""},
        {"cells.0", "stop_reason", NULL},
        {"cells.0.repetitions.2", "flags", "[\"steal\"]"},
        {"cells.0.summary", "sustained_ratio", "{\"value\":null,\"reason\":\"short run\",\"better\":\"higher\"}"},
        {"cells.0.parameters", "threads", "4"},
        {"cells.0.parameters", "made_up", "1.5"},
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (edited(cases[i].path, cases[i].name, cases[i].json, &error) != STATUS_OK)
            fail_msg("case %zu: %s", i, error.text);
}

/* A later minor version may have members that this one does not know; this one may not. */
static void test_newer_minor(void **state)
{
    char *text = sample_text(), *changed;
    cJSON *document = cJSON_Parse(text);
    struct error error = {0};

    (void)state;
    cJSON_AddStringToObject(document, "invention", "of 1.3");
    changed = sign(document);
    assert_int_equal(validate(changed, &error), STATUS_FORMAT);
    free(changed);
    cJSON_SetValuestring(at(document, "schema.version"), "1.3");
    changed = sign(document);
    assert_int_equal(validate(changed, &error), STATUS_OK);
    free(changed);
    cJSON_Delete(document);
    free(text);
}

/* Replaces the first occurrence; texts of equal length. */
static void change_bytes(char *text, const char *from, const char *to)
{
    char *place = strstr(text, from);

    assert_non_null(place);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(place, to, strlen(to));
}

static void test_tampering(void **state)
{
    char *text = sample_text();
    struct error error = {0};

    (void)state;
    change_bytes(text, "Example Core 7", "Example Core 9");
    assert_int_equal(validate(text, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "integrity.payload_sha256: must be"));
    free(text);
    text = sample_text();
    change_bytes(text, "\"prompt_tokens\":\t128", "\"prompt_tokens\":\t512");
    assert_int_equal(validate(text, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "comparability_key_sha256"));
    free(text);
}

static void test_broken_text(void **state)
{
    static const char *const bad[] = {"",
                                      "null",
                                      "[]",
                                      "\"text\"",
                                      "{",
                                      "{\"schema\":{\"name\":\"pocketmark.result\",\"version\":null}}",
                                      "{\"schema\":7}",
                                      "{\"a\":1,\"b\":{\"c\":1,\"c\":2}}",
                                      "{\"cells\":[NaN]}",
                                      "{\"a\":1e309}",
                                      "{\"\":0,\"\":0}"};
    struct error error;
    char *text = sample_text();
    size_t length = strlen(text);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        error = (struct error){0};
        assert_int_equal(validate(bad[i], &error), STATUS_FORMAT);
        assert_true(strlen(error.text) > 0);
    }
    assert_int_equal(validate("{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "\"c\" stands twice"));
    for (size_t cut = 0; cut < length; cut += 1 + length / 150)
        assert_int_equal(document_validate(text, cut, &error), STATUS_FORMAT);
    free(text);
}

static void test_many_members(void **state)
{
    enum { COUNT = 100000 };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct error error;

    (void)state;
    fputc('{', out);
    for (int i = 0; i < COUNT; i++)
        fprintf(out, "\"k%d\":%d,", i, i);
    fputs("\"k77\":0}", out);
    fclose(out);
    assert_int_equal(document_validate(text, size, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "\"k77\" stands twice"));
    free(text);
}

/* Large documents take time in proportion. */
static void test_many_cells(void **state)
{
    enum { COUNT = 10000 };
    static const char cell[] =
        "{\"cell_id\":\"c%d\",\"status\":\"skipped\",\"reason\":\"r\",\"model\":{\"name\":\"m\","
        "\"quantization\":\"q\",\"weights\":\"synthetic\"},\"engine\":{\"name\":\"e\",\"version\":"
        "\"1\",\"backend\":\"b\"},\"parameters\":{\"workload\":\"llm\"},\"repetitions\":[],"
        "\"summary\":{},\"comparability_key_sha256\":\"%s\"}%s";
    char *text = sample_text(), *many = NULL, *signed_text, *twice;
    cJSON *document = cJSON_Parse(text), *cells;
    size_t size;
    FILE *out = open_memstream(&many, &size);
    struct error error = {0};

    (void)state;
    fputc('[', out);
    for (int i = 0; i < COUNT; i++)
        fprintf(out, cell, i == COUNT - 1 ? 5 : i, sample_hash, i == COUNT - 1 ? "]" : ",");
    fclose(out);
    cells = cJSON_Parse(many);
    assert_non_null(cells);
    cJSON_ReplaceItemInObjectCaseSensitive(document, "cells", cells);
    twice = cJSON_PrintUnformatted(document); /* its hashes are wrong too, but are looked at last */
    assert_int_equal(validate(twice, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "\"c5\" stands twice"));
    free(twice);
    cJSON_SetValuestring(cJSON_GetObjectItem(cells->child->prev, "cell_id"), "z");
    signed_text = sign(document);
    assert_int_equal(validate(signed_text, &error), STATUS_OK);
    free(signed_text);
    cJSON_Delete(document);
    free(many);
    free(text);
}

static void test_files(void **state)
{
    char path[] = P_tmpdir "/pocketmark-document-XXXXXX", *text = sample_text();
    int file = mkstemp(path);
    struct error error = {0};

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    assert_int_equal(document_validate_file(path, &error), STATUS_OK);
    assert_int_equal(ftruncate(file, 1000), 0);
    assert_int_equal(document_validate_file(path, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, path));
    close(file);
    unlink(path);
    assert_int_equal(document_validate_file(path, &error), STATUS_IO);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(document_validate_file("/", &error), STATUS_IO);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_refuses), cmocka_unit_test(test_meaning_refuses),
        cmocka_unit_test(test_accepts),        cmocka_unit_test(test_newer_minor),
        cmocka_unit_test(test_tampering),      cmocka_unit_test(test_broken_text),
        cmocka_unit_test(test_many_members),   cmocka_unit_test(test_many_cells),
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
