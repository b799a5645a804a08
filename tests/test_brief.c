#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/brief.h"
#include "reports/document.h"
#include "reports/json_scan.h"
#include "tests/sample_record.h"

static void test_document(void **state)
{
    struct record record;
    struct error error = {0};
    struct brief brief = {0};
    char *text;

    (void)state;
    sample_record(&record);
    assert_int_equal(document_text(&record, &text, &error), STATUS_OK);
    for (int again = 0; again < 2; again++) {
        size_t figures = 0;
        assert_int_equal(brief_read(&brief, text, strlen(text), &error), STATUS_OK);
        assert_string_equal(brief.result_id, record.result_id);
        assert_string_equal(brief.created, record.created);
        assert_string_equal(brief.origin, "native");
        assert_string_equal(brief.device_id, "d-0123456789abcdef");
        assert_string_equal(brief.device_name, "Example Core 7 1234U");
        assert_string_equal(brief.commit, "");
        assert_int_equal(brief.cell_count, record.cell_count);
        for (size_t i = 0; i < brief.cell_count; i++) {
            const struct brief_cell *cell = &brief.cells[i];
            assert_string_equal(cell->id, record.cells[i].id);
            assert_string_equal(cell->title, record.cells[i].title);
            assert_int_equal(cell->first_figure, figures);
            figures += cell->figure_count;
            for (size_t j = 0; j < cell->figure_count; j++) {
                const struct brief_figure *figure = &brief.figures[cell->first_figure + j];
                enum field field;
                assert_true(field_from_name(figure->metric, &field));
                assert_true(figure->value == record.cells[i].figures[field].value);
                assert_true(isnan(figure->ci_low) == isnan(record.cells[i].figures[field].ci_low));
            }
        }
        assert_string_equal(brief.cells[0].parameters,
                            "{\"threads\":\"auto\",\"workload\":\"llm\",\"prompt_tokens\":128,"
                            "\"generated_tokens\":32,\"depth_tokens\":0}");
    }
    free(text);
    brief_close(&brief);
    record_close(&record);
}

static void test_cut(void **state)
{
    struct record record;
    struct error error = {0};
    struct brief brief = {0};
    char *text;
    size_t length;

    (void)state;
    sample_record(&record);
    while (record.cell_count > 1)
        record.cells[--record.cell_count].repetition_count = 0;
    record.cells[0].repetition_count = 2;
    assert_int_equal(document_text(&record, &text, &error), STATUS_OK);
    length = strlen(text);
    for (size_t cut = 0; cut < length; cut++) {
        char *part = malloc(cut + 1); /* so that a read beyond it is seen */
        memcpy(part, text, cut);
        assert_int_equal(brief_read(&brief, part, cut, &error), STATUS_FORMAT);
        free(part);
    }
    assert_int_equal(brief_read(&brief, text, length, &error), STATUS_OK);
    brief_close(&brief);
    free(text);
    record.cell_count = 6;
    record_close(&record);
}

#define HEAD "{\"schema\":{\"name\":\"pocketmark.result\",\"version\":\"1.7\"},"
#define BODY                                                                                                           \
    "\"result_id\":\"01234567-0123-7123-8123-0123456789ab\",\"created\":\"2026-01-02T03:04:05Z\",\"kind\":\"native\"," \
    "\"status\":\"complete\",\"integrity\":{\"payload_sha256\":"                                                       \
    "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}"

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"schema\":7}",
        "{\"schema\":{\"name\":\"pocketmark.result\",\"version\":\"2.0\"}," BODY "}",
        "{\"schema\":{\"name\":\"other\",\"version\":\"1.0\"}," BODY "}",
        HEAD BODY "} x",
        HEAD BODY ",}",
        HEAD "," BODY "}",
        HEAD BODY ",\"cells\":{}}",
        HEAD BODY ",\"cells\":[7]}",
        HEAD BODY ",\"cells\":[{}]}",
        HEAD BODY ",\"cells\":[{\"cell_id\":\"a\",\"summary\":[]}]}",
        HEAD BODY ",\"cells\":[{\"cell_id\":\"a\",\"summary\":{\"x_seconds\":7}}]}",
        HEAD BODY ",\"cells\":[{\"cell_id\":\"a\",\"summary\":{\"x_seconds\":{\"value\":1e999}}}]}",
        HEAD BODY ",\"cells\":[{\"cell_id\":\"a\\q\"}]}",
        HEAD BODY ",\"cells\":[{\"cell_id\":\"a\\u00\"}]}",
        HEAD BODY ",\"cells\":[{\"cell_id\":\"a\\u0000\"}]}",
        HEAD BODY ",\"cells\":[{\"cell_id\":\"a\"} {\"cell_id\":\"b\"}]}",
        HEAD BODY ",\"skipped\":[1,{\"a\":2]}}",
        HEAD BODY ",\"skipped\":\"never ends}",
        HEAD
        "\"result_id\":\"short\",\"created\":\"2026-01-02T03:04:05Z\",\"kind\":\"native\",\"status\":\"complete\"}",
    };
    struct error error = {0};
    struct brief brief = {0};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (brief_read(&brief, texts[i], strlen(texts[i]), &error) != STATUS_FORMAT)
            fail_msg("text %zu was taken: %s", i, texts[i]);
    assert_int_equal(brief_read(&brief, HEAD BODY "}", strlen(HEAD BODY "}"), &error), STATUS_OK);
    brief_close(&brief);
}

/* What is skipped may hold anything that JSON may. */
static void test_skip(void **state)
{
    static const char text[] =
        HEAD "\"a\":[\"]\",\"\\\"}\",\"\\\\\",{\"{\":[[],{}]},-1.5e3,true,null],\"b\":\"\\\\\\\"\"," BODY
             ",\"cells\":[{\"cell_id\":\"x\",\"title\":\"\\ud83d\\ude00\\u00e9\\ud800\\n\"}]}";
    struct error error = {0};
    struct brief brief = {0};
    char deep[512] = "";

    (void)state;
    assert_int_equal(brief_read(&brief, text, sizeof text - 1, &error), STATUS_OK);
    assert_string_equal(brief.cells[0].title, "\xf0\x9f\x98\x80\xc3\xa9\xef\xbf\xbd\n");
    brief_close(&brief);
    memset(deep, '[', 200);
    assert_int_equal(brief_read(&brief, deep, 200, &error), STATUS_FORMAT);
    brief_close(&brief);
}

/* Texts that are too long are cut between characters. */
static void test_long_text(void **state)
{
    static const char text[] = "\"aaaaaa\xc3\xa9\xc3\xa9\"";
    char out[8];
    struct json_scan scan = {.at = text, .end = text + sizeof text - 1};

    (void)state;
    json_scan_text(&scan, out, sizeof out);
    assert_string_equal(out, "aaaaaa");
    assert_true(json_scan_done(&scan));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document), cmocka_unit_test(test_cut),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_skip),     cmocka_unit_test(test_long_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
