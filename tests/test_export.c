#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/emit.h"
#include "reports/export.h"
#include "reports/import.h"
#include "reports/json_syntax.h"
#include "tests/sample_record.h"

/* What an exporter writes of these records, to be freed. */
static char *exported(const char *name, const struct record *records, size_t count)
{
    const struct exporter *exporter = exporter_find(name);
    struct error error = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(exporter);
    assert_int_equal(exporter->write(records, count, out, &error), STATUS_OK);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(strlen(text), size);
    return text;
}

static cJSON *exported_json(const char *name, const struct record *records, size_t count)
{
    char *text = exported(name, records, count);
    struct error error = {0};
    cJSON *tree;

    if (json_syntax_check(text, strlen(text), &error) != STATUS_OK)
        fail_msg("%s: %s", name, error.text);
    tree = cJSON_Parse(text);
    free(text);
    return tree;
}

static const char hostile[] = "a\"b\\c'd<e>&f,g;h\n\t\x1b[31m\xff\xc3\xa9\xef\xbf\xbf";

static void check_emitted(void (*emit)(FILE *out, const char *text), const char *text, const char *expected)
{
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);

    emit(out, text);
    fclose(out);
    assert_string_equal(got, expected);
    free(got);
}

static void test_emit(void **state)
{
    (void)state;
    check_emitted(emit_json_text, hostile,
                  "\"a\\\"b\\\\c'd<e>&f,g;h\\u000a\\u0009\\u001b[31m\xef\xbf\xbd\xc3\xa9\xef\xbf\xbf\"");
    check_emitted(emit_xml_text, hostile,
                  "a&#34;b\\c'd&#60;e&#62;&#38;f,g;h&#10;&#9;\xef\xbf\xbd[31m\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd");
    check_emitted(emit_csv_text, hostile, "\"a\"\"b\\c'd<e>&f,g;h  \xef\xbf\xbd[31m\xef\xbf\xbd\xc3\xa9\xef\xbf\xbf\"");
    check_emitted(emit_sql_text, hostile, "'a\"b\\c''d<e>&f,g;h  \xef\xbf\xbd[31m\xef\xbf\xbd\xc3\xa9\xef\xbf\xbf'");
    check_emitted(emit_label_text, hostile,
                  "\"a\\\"b\\\\c'd<e>&f,g;h\\n\xef\xbf\xbd\xef\xbf\xbd[31m\xef\xbf\xbd\xc3\xa9\xef\xbf\xbf\"");
    check_emitted(emit_csv_text, "plain", "plain");
    check_emitted(emit_csv_text, "", "");
    /* U+0126 ends in the byte of '&' */
    check_emitted(emit_xml_text, "\xc4\xa6", "\xc4\xa6");
}

static void test_registry(void **state)
{
    static const char *const names[] = {
        "llama-bench", "llama-bench-sql", "bmf",  "github-benchmark", "github-benchmark-smaller", "openmetrics",
        "csv",         "otava",           "junit"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(exporter_find(names[i]));
    assert_null(exporter_find("bm"));
    assert_null(exporter_find(""));
}

/* What goes out to llama-bench's form and comes back has the same figures. */
static void test_round_trip(void **state)
{
    struct record record, back;
    struct error error = {0};
    char *text;

    (void)state;
    sample_record(&record);
    text = exported("llama-bench", &record, 1);
    assert_int_equal(import_llama_bench(text, strlen(text), &back, &error), STATUS_OK);
    free(text);
    assert_int_equal(back.cell_count, 4);
    for (size_t i = 0; i < 4; i++) {
        enum field field = i % 2 ? FIELD_decode_tokens_per_second : FIELD_prefill_tokens_per_second;
        const struct figure *out = &record.cells[i / 2].figures[field], *in = &back.cells[i].figures[field];
        assert_true(in->value == out->value && in->ci_low == out->ci_low && in->ci_high == out->ci_high);
        assert_int_equal(in->launches, out->launches);
        assert_string_equal(facts_get_text(&back.cells[i].model, "name", ""), "llama-3.2-1b");
        assert_string_equal(facts_get_text(&back.cells[i].model, "quantization", ""), i / 2 ? "q8_0" : "q4_0");
        assert_true(facts_get_number(&back.cells[i].parameters, "depth_tokens") == (i % 2 ? 128 : 0));
    }
    record_close(&record);
    record_close(&back);
}

static void test_bmf(void **state)
{
    struct record record;
    cJSON *tree, *cell, *measure;

    (void)state;
    sample_record(&record);
    tree = exported_json("bmf", &record, 1);
    assert_int_equal(cJSON_GetArraySize(tree), 4);
    cell = cJSON_GetObjectItem(tree, "d-0123456789abcdef/llm.llama-3.2-1b.q4_0");
    measure = cJSON_GetObjectItem(cell, "decode-tokens-per-second");
    assert_true(cJSON_GetObjectItem(measure, "value")->valuedouble ==
                record.cells[0].figures[FIELD_decode_tokens_per_second].value);
    assert_true(cJSON_GetObjectItem(measure, "lower_value")->valuedouble ==
                record.cells[0].figures[FIELD_decode_tokens_per_second].ci_low);
    /* a maximum has no interval */
    assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(cell, "weights-bytes"), "upper_value"));
    assert_null(cJSON_GetObjectItem(cell, "energy-joules-per-token"));
    cJSON_Delete(tree);
    record_close(&record);
}

/* No figure stands in the file of the other direction. */
static void test_github_benchmark(void **state)
{
    struct record record;
    cJSON *large, *small, *item;

    (void)state;
    sample_record(&record);
    large = exported_json("github-benchmark", &record, 1);
    small = exported_json("github-benchmark-smaller", &record, 1);
    assert_true(cJSON_GetArraySize(large) > 4 && cJSON_GetArraySize(small) > 4);
    cJSON_ArrayForEach(item, large)
    {
        assert_null(strstr(cJSON_GetObjectItem(item, "name")->valuestring, "weights_bytes"));
        assert_true(cJSON_IsNumber(cJSON_GetObjectItem(item, "value")));
        assert_true(cJSON_IsString(cJSON_GetObjectItem(item, "unit")));
    }
    cJSON_ArrayForEach(item, small)
    {
        assert_null(strstr(cJSON_GetObjectItem(item, "name")->valuestring, "tokens_per_second"));
    }
    assert_string_equal(cJSON_GetObjectItem(large->child, "name")->valuestring,
                        "d-0123456789abcdef/llm.llama-3.2-1b.q4_0 prefill_tokens_per_second");
    cJSON_Delete(large);
    cJSON_Delete(small);
    record_close(&record);
}

static void test_openmetrics(void **state)
{
    struct record record;
    char *text;

    (void)state;
    sample_record(&record);
    facts_text(&record.device, "device_id", NULL, "a\"b\\c\nd");
    text = exported("openmetrics", &record, 1);
    assert_non_null(strstr(text, "# TYPE pocketmark_decode_tokens_per_second gauge\n"
                                 "# UNIT pocketmark_decode_tokens_per_second tokens_per_second\n"
                                 "# HELP pocketmark_decode_tokens_per_second "));
    assert_non_null(strstr(text, "pocketmark_decode_tokens_per_second{device=\"a\\\"b\\\\c\\nd\",engine=\"cpu\","
                                 "model=\"llama-3.2-1b\",cell=\"llm.llama-3.2-1b.q4_0\",stat=\"median\"} "));
    assert_non_null(strstr(text, "stat=\"ci_low\"} "));
    assert_null(strstr(text, "pocketmark_energy_joules_per_token"));
    assert_null(strstr(text, "nan"));
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    free(text);
    record_close(&record);
}

static void test_junit(void **state)
{
    struct record record;
    char *text;

    (void)state;
    sample_record(&record);
    snprintf(record.cells[5].reason, sizeof record.cells[5].reason, "%s", hostile);
    text = exported("junit", &record, 1);
    assert_non_null(strstr(text, "tests=\"6\" failures=\"1\" errors=\"0\" skipped=\"1\""));
    assert_non_null(
        strstr(text, "<testcase classname=\"d-0123456789abcdef.cpu.llama-3.2-1b\" name=\"llm.llama-3.2-1b.q4_0\">"));
    assert_non_null(strstr(text, "<skipped message=\"needs 8.73 GB"));
    assert_non_null(strstr(text, "<failure message=\"a&#34;b"));
    assert_null(strchr(text, 27));
    free(text);
    record_close(&record);
}

static void test_csv(void **state)
{
    struct record record;
    char *text;
    size_t lines = 0, values = 0;

    (void)state;
    sample_record(&record);
    for (size_t i = 0; i < record.cell_count; i++)
        for (size_t j = 0; j < record.cells[i].repetition_count; j++)
            for (int field = 0; field < FIELD_COUNT; field++)
                values += isfinite(record.cells[i].repetitions[j].values[field]);
    text = exported("csv", &record, 1);
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 1 + values);
    assert_non_null(strstr(text, ",0,0,first,0,prefill_tokens_per_second,tokens_per_second,206.25\n"));
    free(text);
    record_close(&record);
}

static void test_sql(void **state)
{
    struct record record;
    char *text;

    (void)state;
    sample_record(&record);
    facts_text(&record.cells[0].model, "name", NULL, "x'); DROP TABLE llama_bench; --");
    text = exported("llama-bench-sql", &record, 1);
    assert_ptr_equal(
        strstr(text, "CREATE TABLE IF NOT EXISTS llama_bench (\n  build_commit TEXT,\n  build_number INTEGER,"), text);
    assert_non_null(strstr(text, "'x''); DROP TABLE llama_bench; --'"));
    assert_non_null(strstr(text, ", 128, 0, 0, '"));
    free(text);
    record_close(&record);
}

/* Rows in the order of time, columns of the latest result; a result without one of them is refused. */
static void test_otava(void **state)
{
    struct record records[2];
    struct error error = {0};
    char *text, *line;

    (void)state;
    for (int i = 0; i < 2; i++) {
        sample_record(&records[i]);
        snprintf(records[i].created, sizeof records[i].created, "2026-01-0%dT00:00:00Z", 2 - i);
    }
    text = exported("otava", records, 2);
    assert_ptr_equal(strstr(text, "time,commit,llm.llama-3.2-1b.q4_0.prefill_tokens_per_second,"), text);
    line = strchr(text, '\n');
    assert_ptr_equal(strstr(line, "\n2026-01-01T00:00:00Z,"), line);
    assert_non_null(strstr(line + 1, "\n2026-01-02T00:00:00Z,"));
    free(text);
    records[1].cells[0].figures[FIELD_decode_tokens_per_second].present = false;
    assert_int_equal(export_save(exporter_find("otava"), records, 2, "/dev/null", &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "1 of the results lack"));
    facts_text(&records[1].device, "device_id", NULL, "d-fedcba9876543210");
    assert_int_equal(export_save(exporter_find("otava"), records, 2, "/dev/null", &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "d-fedcba9876543210"));
    record_close(&records[0]);
    record_close(&records[1]);
}

static void test_clash(void **state)
{
    static const char *const distinct[] = {"bmf", "openmetrics", "github-benchmark", "github-benchmark-smaller"};
    struct record records[2];
    struct error error = {0};

    (void)state;
    sample_record(&records[0]);
    sample_record(&records[1]);
    for (size_t i = 0; i < sizeof distinct / sizeof *distinct; i++) {
        assert_int_equal(export_save(exporter_find(distinct[i]), records, 2, "/dev/null", &error), STATUS_MISUSE);
        assert_non_null(strstr(error.text, "one by one"));
        assert_int_equal(export_save(exporter_find(distinct[i]), records, 1, "/dev/null", &error), STATUS_OK);
    }
    assert_int_equal(export_save(exporter_find("csv"), records, 2, "/dev/null", &error), STATUS_OK);
    assert_int_equal(export_save(exporter_find("csv"), records, 2, "/nowhere/x.csv", &error), STATUS_IO);
    assert_int_equal(export_save(exporter_find("csv"), records, 2, "/dev/full", &error), STATUS_IO);
    record_close(&records[0]);
    record_close(&records[1]);
}

/* A record of nothing breaks no format. */
static void test_empty(void **state)
{
    struct record record;
    char *text;

    (void)state;
    record_open(&record);
    for (size_t i = 0; exporters[i]; i++) {
        text = exported(exporters[i]->name, &record, 1);
        assert_true(strlen(text) > 0);
        free(text);
    }
    cJSON_Delete(exported_json("bmf", &record, 1));
    cJSON_Delete(exported_json("llama-bench", &record, 1));
    cJSON_Delete(exported_json("github-benchmark", &record, 1));
    record_close(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_emit),
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_bmf),
        cmocka_unit_test(test_github_benchmark),
        cmocka_unit_test(test_openmetrics),
        cmocka_unit_test(test_junit),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_sql),
        cmocka_unit_test(test_otava),
        cmocka_unit_test(test_clash),
        cmocka_unit_test(test_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
