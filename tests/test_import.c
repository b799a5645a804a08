#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/export.h"
#include "reports/import.h"
#include "reports/input.h"

#define ROW(members)                                                                                                   \
    "{\"build_commit\":\"abc\",\"build_number\":7,\"cpu_info\":\"C\",\"gpu_info\":\"\",\"backends\":\"CPU\","          \
    "\"model_filename\":\"m/Tiny-Q4_K_M.gguf\",\"model_type\":\"tiny 1B Q4_K - Medium\",\"n_threads\":2,"              \
    "\"type_k\":\"f16\",\"type_v\":\"f16\"," members "}"
#define PP "\"n_prompt\":8,\"n_gen\":0,\"n_depth\":0,\"test_time\":\"2026-01-02T03:04:05Z\","

static enum status import(const char *text, struct record *record, struct error *error)
{
    return import_llama_bench(text, strlen(text), record, error);
}

/* The document of a record, which must be valid, to be freed. */
static char *document_of(const struct record *record)
{
    struct error error = {0};
    char *text;

    assert_int_equal(document_text(record, &text, &error), STATUS_OK);
    if (document_validate(text, strlen(text), &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return text;
}

static void test_sample(void **state)
{
    static const char *const paths[] = {"tests/foreign/llama-bench.json"};
    struct record record;
    struct error error = {0};

    (void)state;
    assert_int_equal(import_llama_bench_files(paths, 1, &record, &error), STATUS_OK);
    assert_int_equal(record.origin, ORIGIN_IMPORTED);
    assert_string_equal(record.created, "2026-11-20T10:00:05Z");
    assert_int_equal(record.cell_count, 4);
    assert_string_equal(record.cells[0].id, "llama-3.2-1b.q4_0.p512.n0.d0.llama.cpp");
    assert_true(record.cells[0].figures[FIELD_prefill_tokens_per_second].value == 151.9);
    assert_true(isnan(record.cells[0].figures[FIELD_prefill_tokens_per_second].ci_low));
    assert_int_equal(record.cells[0].figures[FIELD_prefill_tokens_per_second].launches, 1);
    assert_int_equal(record.cells[0].figures[FIELD_prefill_tokens_per_second].n, 5);
    assert_false(record.cells[0].figures[FIELD_decode_tokens_per_second].present);
    assert_true(record.cells[2].figures[FIELD_decode_tokens_per_second].value == 37.5);
    assert_true(facts_get_number(&record.cells[2].parameters, "depth_tokens") == 128);
    /* a pg test has neither speed */
    assert_false(record.cells[3].figures[FIELD_prefill_tokens_per_second].present);
    assert_non_null(strstr(record.cells[3].figures[FIELD_decode_tokens_per_second].reason, "as one"));
    assert_non_null(strstr(record.cells[0].figures[FIELD_nmse_ratio].reason, "imported"));
    assert_string_equal(facts_get_text(&record.cells[0].model, "name", ""), "llama-3.2-1b");
    assert_string_equal(facts_get_text(&record.cells[0].engine, "name", ""), "llama.cpp");
    assert_string_equal(facts_get_text(&record.cells[0].engine, "version", ""), "b5678");
    free(document_of(&record));
    record_close(&record);
}

/* Six invocations of the same tests, one after another in a file of lines: six launches, and an interval. */
static void test_lines_are_launches(void **state)
{
    static const char *const paths[] = {"tests/foreign/llama-bench.jsonl"};
    struct record record;
    struct error error = {0};

    (void)state;
    assert_int_equal(import_llama_bench_files(paths, 1, &record, &error), STATUS_OK);
    assert_int_equal(record.cell_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct figure *figure =
            &record.cells[i].figures[i ? FIELD_decode_tokens_per_second : FIELD_prefill_tokens_per_second];
        assert_int_equal(figure->launches, 6);
        assert_int_equal(figure->n, 18);
        assert_true(figure->ci_low < figure->value && figure->value < figure->ci_high);
    }
    record_close(&record);
}

static void test_files_are_merged(void **state)
{
    static const char *const paths[] = {"tests/foreign/llama-bench.json", "tests/foreign/llama-bench.json",
                                        "tests/foreign/nowhere.json"};
    struct record record;
    struct error error = {0};

    (void)state;
    assert_int_equal(import_llama_bench_files(paths, 2, &record, &error), STATUS_OK);
    assert_int_equal(record.cell_count, 4);
    assert_int_equal(record.cells[1].figures[FIELD_decode_tokens_per_second].launches, 2);
    record_close(&record);
    assert_int_equal(import_llama_bench_files(paths, 3, &record, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "nowhere.json"));
    record_close(&record);
}

/* Only times, one object over many lines, no depth, other options: taken as what they are. */
static void test_forms(void **state)
{
    struct record record;
    struct error error = {0};

    (void)state;
    assert_int_equal(import(ROW("\n\"n_prompt\":0,\n\"n_gen\":4,\"samples_ns\":[2e9]"), &record, &error), STATUS_OK);
    assert_true(record.cells[0].figures[FIELD_decode_tokens_per_second].value == 2);
    assert_string_equal(facts_get_text(&record.cells[0].model, "quantization", ""), "q4_k_m");
    assert_string_equal(facts_get_text(&record.cells[0].model, "name", ""), "tiny");
    record_close(&record);
    assert_int_equal(
        import("[" ROW(PP "\"n_batch\":1,\"samples_ts\":[5]") "," ROW(PP "\"n_batch\":2,\"samples_ts\":[6]") "]",
               &record, &error),
        STATUS_OK);
    assert_int_equal(record.cell_count, 2);
    assert_string_equal(record.cells[1].id, "tiny.q4_k_m.p8.n0.d0.llama.cpp.2");
    free(document_of(&record));
    record_close(&record);
    /* llama-bench of other builds tells more or less, in other types */
    assert_int_equal(
        import("[" ROW(PP "\"flash_attn\":-1,\"later\":{\"a\":[1]},\"no_host\":null,\"samples_ts\":[5]") "]", &record,
               &error),
        STATUS_OK);
    free(document_of(&record));
    record_close(&record);
}

static void test_formats(void **state)
{
    static const struct {
        const char *type, *format;
    } cases[] = {{"llama 1B Q4_0", "q4_0"},
                 {"llama 8B Q4_K - Small", "q4_k_s"},
                 {"qwen2 7B mostly Q3_K - Large", "q3_k_l"},
                 {"llama 1B F16", "f16"},
                 {"llama 1B all F32", "f32"},
                 {"llama 1B BF16", "bf16"},
                 {"llama 1B IQ4_NL - 4.5 bpw", "iq4_nl"},
                 {"gpt-oss 20B MXFP4 MoE", "mxfp4"},
                 {"Qwen 7B", "unknown"},
                 {"llama 1B Q4_000000000000000000000000000000000", "unknown"},
                 {"llama 1B Q4_K_M", "q4_k_m"}};
    struct record record;
    struct error error = {0};
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "[{\"model_type\":\"%s\",\"n_prompt\":1,\"n_gen\":0,\"samples_ts\":[1]}]",
                 cases[i].type);
        assert_int_equal(import(text, &record, &error), STATUS_OK);
        assert_string_equal(facts_get_text(&record.cells[0].model, "quantization", ""), cases[i].format);
        free(document_of(&record));
        record_close(&record);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "nothing in it"},
        {" \n", "nothing in it"},
        {"[]", "empty"},
        {"7", "neither an array"},
        {"{}", "n_prompt"},
        {"[7]", "no object"},
        {"[" ROW(PP "\"samples_ts\":[5]"), "line 1"},
        {"[" ROW("\"n_gen\":0,\"samples_ts\":[5]") "]", "row 1: n_prompt is missing"},
        {"[" ROW("\"n_prompt\":\"8\",\"n_gen\":0,\"samples_ts\":[5]") "]", "n_prompt is not a whole number"},
        {"[" ROW("\"n_prompt\":-8,\"n_gen\":0,\"samples_ts\":[5]") "]", "n_prompt is not a whole number"},
        {"[" ROW("\"n_prompt\":1.5,\"n_gen\":0,\"samples_ts\":[5]") "]", "n_prompt is not a whole number"},
        {"[" ROW("\"n_prompt\":1e300,\"n_gen\":0,\"samples_ts\":[5]") "]", "n_prompt is not a whole number"},
        {"[" ROW("\"n_prompt\":0,\"n_gen\":0,\"samples_ts\":[5]") "]", "nothing was measured"},
        {"[" ROW(PP "\"avg_ts\":5") "]", "samples_ts is missing"},
        {"[" ROW(PP "\"samples_ts\":[]") "]", "samples_ts is missing"},
        {"[" ROW(PP "\"samples_ts\":5") "]", "not an array"},
        {"[" ROW(PP "\"samples_ts\":[5,\"6\"]") "]", "numbers above 0"},
        {"[" ROW(PP "\"samples_ts\":[5,null]") "]", "numbers above 0"},
        {"[" ROW(PP "\"samples_ts\":[0]") "]", "numbers above 0"},
        {"[" ROW(PP "\"samples_ts\":[-5]") "]", "numbers above 0"},
        {"[" ROW(PP "\"samples_ts\":[1e13]") "]", "no device"},
        {"[" ROW(PP "\"samples_ns\":[1e-300]") "]", "no device"},
        {"[" ROW(PP "\"samples_ts\":[NaN]") "]", "line 1"},
        {"[" ROW(PP "\"samples_ts\":[1e999]") "]", "line 1"},
        {"[" ROW(PP "\"samples_ts\":[5],\"samples_ns\":[1,2]") "]", "not as long"},
        {"[" ROW("\"n_prompt\":8,\"n_gen\":0,\"test_time\":\"yesterday\",\"samples_ts\":[5]") "]", "test_time"},
        {"[" ROW("\"n_prompt\":8,\"n_gen\":0,\"test_time\":5,\"samples_ts\":[5]") "]", "test_time is not a string"},
        {"[{\"n_prompt\":8,\"n_gen\":0,\"samples_ts\":[5]}]", "of what model"},
        {"[{\"model_type\":[],\"n_prompt\":8,\"n_gen\":0,\"samples_ts\":[5]}]", "model_type is not a string"},
        {ROW(PP "\"samples_ts\":[5]") "\n{\"cut", "line 2"},
        {"[" ROW(PP "\"samples_ts\":[5]") ",{\"build_commit\":\"other\",\"cpu_info\":\"C\",\"model_type\":\"x\",\"n_"
                                          "prompt\":8,"
                                          "\"n_gen\":0,\"samples_ts\":[5]}]",
         "row 2: build_commit is 'other'"},
        {"[" ROW(
             PP
             "\"samples_ts\":[5]") ",{\"build_commit\":\"abc\",\"cpu_info\":\"D\",\"model_type\":\"x\",\"n_prompt\":8,"
                                   "\"n_gen\":0,\"samples_ts\":[5]}]",
         "row 2: cpu_info is 'D'"},
    };
    struct record record;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {0};
        if (import(cases[i].text, &record, &error) != STATUS_FORMAT || !strstr(error.text, cases[i].says))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, error.text, cases[i].says);
        record_close(&record);
    }
}

/* A file cut anywhere is refused or, at the end of a line, the lines before it are taken. */
static void test_cut(void **state)
{
    struct record record;
    struct error error = {0};
    char *text;
    size_t length;

    (void)state;
    assert_int_equal(input_read("tests/foreign/llama-bench.json", &text, &length, &error), STATUS_OK);
    while (length && text[length - 1] == '\n')
        length--;
    for (size_t cut = 0; cut < length; cut++) {
        char *part = malloc(cut + 1); /* so that a read beyond it is seen */
        memcpy(part, text, cut);
        assert_int_equal(import_llama_bench(part, cut, &record, &error), STATUS_FORMAT);
        record_close(&record);
        free(part);
    }
    free(text);
}

static void test_too_much(void **state)
{
    struct record record;
    struct error error = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    fputs("[{\"model_type\":\"x F16\",\"n_prompt\":1,\"n_gen\":0,\"samples_ts\":[1", out);
    for (int i = 0; i < 100000; i++)
        fputs(",1", out);
    fputs("]}]", out);
    fclose(out);
    assert_int_equal(import_llama_bench(text, size, &record, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "100000"));
    record_close(&record);
    free(text);
    out = open_memstream(&text, &size);
    for (int i = 0; i < 4097; i++)
        fputs("{\"model_type\":\"x F16\",\"n_prompt\":1,\"n_gen\":0,\"samples_ts\":[1]}\n", out);
    fclose(out);
    assert_int_equal(import_llama_bench(text, size, &record, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "4096 rows"));
    record_close(&record);
    free(text);
}

static void test_hostile(void **state)
{
    struct record record;
    struct error error = {0};
    char *text;

    (void)state;
    assert_int_equal(
        import("[{\"cpu_info\":\"\\u001b[31m\\\"<>&'\",\"build_commit\":\"x\\ny\",\"model_filename\":\"/../\\u00e9 "
               ".GGUF\","
               "\"model_type\":\"\",\"backends\":\"\\u0001\",\"n_prompt\":1,\"n_gen\":0,\"samples_ts\":[1],"
               "\"o.p[0]\":1,\"\":2,\"split_mode\":\"\\ud83d\\ude00\"}]",
               &record, &error),
        STATUS_OK);
    text = document_of(&record);
    assert_null(strchr(text, 27));
    free(text);
    record_close(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_lines_are_launches),
        cmocka_unit_test(test_files_are_merged),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
