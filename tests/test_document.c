#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sample_document.h"

static void test_valid(void **state)
{
    struct error error = {0};
    char *text = sample_text();

    (void)state;
    assert_int_equal(validate(text, &error), STATUS_OK);
    assert_string_equal(error.text, "");
    free(text);
}

static void test_content(void **state)
{
    char *text = sample_text();
    cJSON *document = cJSON_Parse(text);

    (void)state;
    assert_string_equal(at(document, "schema.name")->valuestring, "pocketmark.result");
    assert_string_equal(at(document, "schema.version")->valuestring, "1.0");
    assert_true(at(document, "device.cpu.caches.1.size_bytes")->valuedouble == 1310720);
    assert_true(cJSON_IsNull(at(document, "device.os.hypervisor")));
    assert_string_equal(at(document, "device.os.hypervisor_reason")->valuestring, "none seen");
    assert_true(at(document, "environment.roofs.read_bytes_per_second")->valuedouble == 4.13e10);
    assert_string_equal(at(document, "cells.0.stop_reason")->valuestring, "precision");
    assert_string_equal(at(document, "cells.0.repetitions.0.phase")->valuestring, "first");
    assert_null(cJSON_GetObjectItem(at(document, "cells.0.repetitions.0.values"), "load_seconds"));
    assert_int_equal(at(document, "cells.0.summary.decode_tokens_per_second.n")->valueint, 6);
    assert_string_equal(at(document, "cells.0.summary.decode_tokens_per_second.ci_method")->valuestring,
                        "order_statistic");
    assert_string_equal(at(document, "cells.0.summary.weights_bytes.ci_method")->valuestring, "none");
    assert_true(cJSON_IsNull(at(document, "cells.0.summary.energy_joules_per_token.value")));
    assert_string_equal(at(document, "cells.0.summary.energy_joules_per_token.reason")->valuestring,
                        "no energy source: no powercap zone, no battery");
    assert_null(cJSON_GetObjectItem(at(document, "cells.0.summary"), "matmul_macs_per_second"));
    assert_string_equal(at(document, "cells.4.status")->valuestring, "skipped");
    assert_non_null(strstr(at(document, "cells.4.reason")->valuestring, "8.73 GB"));
    cJSON_Delete(document);
    free(text);
}

/* Values come back bit by bit. */
static void test_numbers_exact(void **state)
{
    static const double values[] = {0.1 + 0.2, 1.0 / 3, 1e308, 5e-324, 123456789.123456789};
    struct record record;
    struct error error = {0};
    char *text;
    cJSON *document;

    (void)state;
    sample_record(&record);
    for (unsigned i = 0; i < 5; i++)
        cell_add_repetition(&record.cells[4], i, PHASE_MEASURED)->values[FIELD_load_seconds] = values[i];
    facts_integer(&record.workload, "seed", NULL, INT64_MAX);
    assert_int_equal(document_text(&record, &text, &error), STATUS_OK);
    assert_int_equal(validate(text, &error), STATUS_OK);
    document = cJSON_Parse(text);
    for (int i = 0; i < 5; i++) {
        char path[64];
        snprintf(path, sizeof path, "cells.4.repetitions.%d.values.load_seconds", i);
        assert_true(at(document, path)->valuedouble == values[i]);
    }
    assert_non_null(strstr(text, "9223372036854775807"));
    cJSON_Delete(document);
    free(text);
    record_close(&record);
}

/* NaN and infinity never reach the document; nor does what is not UTF-8. */
static void test_hostile_values(void **state)
{
    struct record record;
    struct error error = {0};
    struct cell *cell;
    char *text;

    (void)state;
    sample_record(&record);
    cell = &record.cells[0];
    cell->figures[FIELD_load_seconds] = (struct figure){.present = true, .value = INFINITY, .n = 1, .launches = 1};
    cell->figures[FIELD_prefill_macs_per_second] =
        (struct figure){.present = true, .value = 5, .ci_low = NAN, .ci_high = INFINITY, .n = 1, .launches = 1};
    cell->repetitions[0].values[FIELD_load_seconds] = INFINITY;
    cell->repetitions[0].start_offset_seconds = NAN;
    cell->repetitions[0].noise[NOISE_steal_ratio] = INFINITY;
    snprintf(cell->title, sizeof cell->title, "\xff\xfe \"quoted\" \\ \x1b[31m\n%c", 1);
    cell_explain(cell, FIELD_average_power_watts, "\xed\xa0\x80 \t");
    facts_text(&record.device, "os.\xc3(", NULL, "\xf0\x28\x8c\x28");
    facts_null(&record.device, "cpu.microcode", NULL, "\x80");
    snprintf(record.status_reason, sizeof record.status_reason, "caf\xc3");
    assert_int_equal(document_text(&record, &text, &error), STATUS_OK);
    assert_int_equal(validate(text, &error), STATUS_OK);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    assert_non_null(strstr(text, "\\u001b[31m\\n\\u0001"));
    free(text);
    record_close(&record);
}

static void test_facts_text(void **state)
{
    struct facts facts = {0};
    struct error error = {0};
    char *text;
    cJSON *tree;

    (void)state;
    facts_integer(&facts, "list[1].size_bytes", NULL, 2);
    facts_integer(&facts, "list[0].size_bytes", NULL, 1);
    facts_integer(&facts, "grid[0][1]", NULL, 5);
    facts_boolean(&facts, "smt", NULL, false);
    facts_null(&facts, "governor", NULL, "no cpufreq");
    facts_null(&facts, "list[2]", NULL, "gone");
    assert_int_equal(document_facts_text(&facts, &text, &error), STATUS_OK);
    tree = cJSON_Parse(text);
    assert_int_equal(at(tree, "list.0.size_bytes")->valueint, 1);
    assert_int_equal(at(tree, "list.1.size_bytes")->valueint, 2);
    assert_true(cJSON_IsNull(at(tree, "list.2")));
    assert_int_equal(at(tree, "grid.0.1")->valueint, 5);
    assert_true(cJSON_IsFalse(at(tree, "smt")));
    assert_string_equal(at(tree, "governor_reason")->valuestring, "no cpufreq");
    cJSON_Delete(tree);
    free(text);
    facts_free(&facts);
    assert_int_equal(document_facts_text(&facts, &text, &error), STATUS_OK);
    assert_string_equal(text, "{\n}");
    free(text);
}

static void test_facts_refuse(void **state)
{
    static const char *const bad[][2] = {
        {"a..b", NULL},
        {"", NULL},
        {".a", NULL},
        {"a.", NULL},
        {"[0]", NULL},
        {"a[", NULL},
        {"a[]", NULL},
        {"a[-1]", NULL},
        {"a[x]", NULL},
        {"a[0]b", NULL},
        {"a[100000]", NULL},
        {"a[99999999999]", NULL},
        {"a", "a.b"},
        {"a.b", "a"},
        {"a[0]", "a.b"},
        {"a.b", "a[0]"},
        {"a[0]", "a[0].b"},
        {"a", "a[0]"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct facts facts = {0};
        struct error error = {0};
        char *text;
        facts_integer(&facts, bad[i][0], NULL, 1);
        if (bad[i][1])
            facts_integer(&facts, bad[i][1], NULL, 2);
        assert_int_equal(document_facts_text(&facts, &text, &error), STATUS_MISUSE);
        assert_null(text);
        assert_non_null(strstr(error.text, bad[i][bad[i][1] != NULL]));
        facts_free(&facts);
    }
}

static void test_lost_facts(void **state)
{
    struct record record;
    struct error error = {0};
    char *text;

    (void)state;
    sample_record(&record);
    record.cells[0].model.failed = true;
    assert_int_equal(document_text(&record, &text, &error), STATUS_MEMORY);
    assert_null(text);
    assert_non_null(strstr(error.text, "cell llm.llama-3.2-1b.q4_0: model"));
    record_close(&record);
}

/* White space and line ends are not content. */
static void test_reformatted(void **state)
{
    char *text = sample_text(), *compact = strdup(text);
    struct error error = {0};

    (void)state;
    cJSON_Minify(compact);
    assert_true(strlen(compact) < strlen(text));
    assert_int_equal(validate(compact, &error), STATUS_OK);
    free(compact);
    free(text);
}

static void comparability_of(struct record *record, char key[DIGEST_HEX])
{
    struct error error;
    char *text;
    cJSON *document;

    assert_int_equal(document_text(record, &text, &error), STATUS_OK);
    document = cJSON_Parse(text);
    snprintf(key, DIGEST_HEX, "%s", at(document, "integrity.comparability_key_sha256")->valuestring);
    cJSON_Delete(document);
    free(text);
}

/* Another run, device and set of speeds is comparable; other parameters, model files or definitions are not. */
static void test_comparability(void **state)
{
    struct record record;
    char first[DIGEST_HEX], second[DIGEST_HEX], turned[sizeof sample_hash];

    (void)state;
    sample_record(&record);
    comparability_of(&record, first);
    record_close(&record);
    sample_record(&record);
    facts_text(&record.device, "device_id", NULL, "d-another-one");
    facts_number(&record.cells[0].parameters, "noise_ratio", NULL, 0.25); /* fractions are no key */
    record.cells[0].repetitions[2].values[FIELD_load_seconds] = 3;
    comparability_of(&record, second);
    assert_string_equal(first, second);
    facts_integer(&record.cells[0].parameters, "prompt_tokens", NULL, 129);
    comparability_of(&record, second);
    assert_string_not_equal(first, second);
    facts_integer(&record.cells[0].parameters, "prompt_tokens", NULL, 128);
    facts_text(&record.cells[1].model, "quantization", NULL, "q4_1");
    comparability_of(&record, second);
    assert_string_not_equal(first, second);
    facts_text(&record.cells[1].model, "quantization", NULL, "q8_0");
    comparability_of(&record, second);
    assert_string_equal(first, second);
    memcpy(turned, sample_hash, sizeof turned);
    turned[0] = 'f';
    facts_text(&record.workload, "definition_sha256", NULL, turned);
    comparability_of(&record, second);
    assert_string_not_equal(first, second);
    record_close(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),          cmocka_unit_test(test_content),     cmocka_unit_test(test_numbers_exact),
        cmocka_unit_test(test_hostile_values), cmocka_unit_test(test_facts_text),  cmocka_unit_test(test_facts_refuse),
        cmocka_unit_test(test_lost_facts),     cmocka_unit_test(test_reformatted), cmocka_unit_test(test_comparability),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
