#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/document.h"
#include "reports/history_trend.h"
#include "tests/sample_record.h"
#include "tests/scratch_tree.h"

enum { IMPATIENT_MS = 20 };

static struct scratch_tree tree;
static char database[PATH_MAX];

static int open_tree(void **state)
{
    (void)state;
    scratch_open(&tree);
    scratch_path(&tree, "results/history.db", database, sizeof database);
    return 0;
}

static int close_tree(void **state)
{
    (void)state;
    scratch_close(&tree);
    return 0;
}

/* Writes a result whose decode is that many times the sample's; its number makes id and time. path gets its place. */
static void write_result(unsigned number, double factor, const char *device, char *path, size_t size)
{
    struct record record;
    struct error error = {0};
    char name[64], *text;

    sample_record(&record);
    snprintf(record.result_id, sizeof record.result_id, "%08x-0000-7000-8000-000000000000", number);
    snprintf(record.created, sizeof record.created, "2026-01-%02uT00:%02u:00Z", 1 + number / 60, number % 60);
    facts_text(&record.device, "device_id", NULL, device);
    for (size_t i = 0; i < record.cells[0].repetition_count; i++)
        record.cells[0].repetitions[i].values[FIELD_decode_tokens_per_second] *= factor;
    cell_summarise(&record.cells[0]);
    assert_int_equal(document_text(&record, &text, &error), STATUS_OK);
    snprintf(name, sizeof name, "results/%06u.json", number);
    scratch_write(&tree, name, text);
    scratch_path(&tree, name, path, size);
    free(text);
    record_close(&record);
}

static void write_results(unsigned count)
{
    char path[PATH_MAX];

    for (unsigned i = 0; i < count; i++)
        write_result(i, i < count / 2 ? 1 : 0.9, "d-0123456789abcdef", path, sizeof path);
}

struct refusals {
    size_t count;
    char last[480];
};

static void count_refused(const struct error *why, void *context)
{
    struct refusals *refusals = context;

    refusals->count++;
    snprintf(refusals->last, sizeof refusals->last, "%s", why->text);
}

static enum status rebuild(struct history_tally *tally, struct refusals *refusals, struct error *error)
{
    char folder[PATH_MAX];

    *refusals = (struct refusals){0};
    snprintf(folder, sizeof folder, "%s/results", tree.root);
    return history_rebuild(database, folder, IMPATIENT_MS, count_refused, refusals, tally, error);
}

static enum status count_entry(const struct history_entry *entry, void *context, struct error *error)
{
    (void)entry;
    (void)error;
    ++*(size_t *)context;
    return STATUS_OK;
}

static size_t count_results(const struct history_filter *filter)
{
    struct history *history;
    struct error error = {0};
    size_t count = 0;

    if (history_open(&history, database, false, IMPATIENT_MS, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    assert_int_equal(history_results(history, filter, count_entry, &count, &error), STATUS_OK);
    history_close(history);
    return count;
}

static void run_sql(const char *sql)
{
    sqlite3 *handle;

    assert_int_equal(sqlite3_open(database, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static void test_rebuild(void **state)
{
    struct history_tally tally;
    struct refusals refusals;
    struct error error = {0};

    (void)state;
    write_results(12);
    scratch_write(&tree, "results/other.json", "{\"not\": \"ours\"}");
    scratch_write(&tree, "results/cut.json",
                  "{\"schema\": {\"name\": \"pocketmark.result\", \"version\": \"1.0\"}, \"resu");
    scratch_write(&tree, "results/newer.json", "{\"schema\": {\"name\": \"pocketmark.result\", \"version\": \"2.0\"}}");
    scratch_write(&tree, "results/.hidden.json", "nothing");
    scratch_write(&tree, "results/note.txt", "nothing");
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    assert_int_equal(tally.added, 12);
    assert_int_equal(tally.refused, 3);
    assert_int_equal(refusals.count, 3);
    assert_non_null(strstr(refusals.last, "other.json: this is no result document"));
    /* again: the same; a copy of a result is no further one */
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    assert_int_equal(count_results(&(struct history_filter){0}), 12);
    assert_int_equal(count_results(&(struct history_filter){.cell = "llm.llama-3.2-1b.q4_0"}), 12);
    assert_int_equal(count_results(&(struct history_filter){.model = "llama-3.2-1"}), 0);
    assert_int_equal(count_results(&(struct history_filter){.device = "Example Core 7 1234U"}), 12);
    assert_int_equal(count_results(&(struct history_filter){.result = "0000000b"}), 1);
    assert_int_equal(count_results(&(struct history_filter){.result = "%"}), 0);
}

static void test_add(void **state)
{
    struct history *history;
    struct error error = {0};
    char first[PATH_MAX], second[PATH_MAX], damaged[PATH_MAX];

    (void)state;
    write_result(1, 1, "d-0123456789abcdef", first, sizeof first);
    assert_int_equal(history_note(database, first, &error), STATUS_OK);
    assert_int_not_equal(access(database, F_OK), 0);
    assert_int_equal(history_open(&history, database, true, IMPATIENT_MS, &error), STATUS_OK);
    assert_int_equal(history_add(history, first, &error), STATUS_OK);
    assert_int_equal(history_add(history, first, &error), STATUS_OK);
    assert_int_equal(history_add(history, tree.root, &error), STATUS_IO);
    scratch_write(&tree, "results/damaged.json", "{}");
    scratch_path(&tree, "results/damaged.json", damaged, sizeof damaged);
    assert_int_equal(history_add(history, damaged, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "damaged.json"));
    history_close(history);
    write_result(2, 1, "d-0123456789abcdef", second, sizeof second);
    assert_int_equal(history_note(database, second, &error), STATUS_OK);
    assert_int_equal(count_results(&(struct history_filter){0}), 2);
}

static enum status take_path(const struct history_entry *entry, void *context, struct error *error)
{
    (void)error;
    assert_string_equal(entry->path, context);
    return STATUS_OK;
}

static enum status take_value(const struct history_entry *entry, void *context, struct error *error)
{
    (void)error;
    assert_string_equal(entry->metric, "decode_tokens_per_second");
    assert_true(entry->ci_low < entry->value && entry->value < entry->ci_high);
    *(double *)context = entry->value;
    return STATUS_OK;
}

static enum status stop_at_once(const struct history_entry *entry, void *context, struct error *error)
{
    (void)entry;
    ++*(size_t *)context;
    return error_set(error, STATUS_INTERRUPTED, "enough");
}

/* Figures come out bit by bit, paths from the folder on; a caller can stop. */
static void test_values(void **state)
{
    const struct history_filter filter = {.cell = "llm.llama-3.2-1b.q4_0", .metric = "decode_tokens_per_second"};
    struct history_tally tally;
    struct refusals refusals;
    struct history *history;
    struct error error = {0};
    struct record record;
    size_t count = 0;
    double value = NAN;

    (void)state;
    write_results(1);
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    assert_int_equal(history_open(&history, database, false, IMPATIENT_MS, &error), STATUS_OK);
    assert_int_equal(history_results(history, &filter, take_path, "000000.json", &error), STATUS_OK);
    assert_int_equal(history_figures(history, &filter, take_value, &value, &error), STATUS_OK);
    assert_int_equal(history_figures(history, &(struct history_filter){0}, stop_at_once, &count, &error),
                     STATUS_INTERRUPTED);
    assert_int_equal(count, 1);
    history_close(history);
    sample_record(&record);
    for (size_t i = 0; i < record.cells[0].repetition_count; i++)
        record.cells[0].repetitions[i].values[FIELD_decode_tokens_per_second] *= 0.9;
    cell_summarise(&record.cells[0]);
    assert_true(value == record.cells[0].figures[FIELD_decode_tokens_per_second].value);
    record_close(&record);
}

static char *trend_text(const struct history_filter *filter, bool json, size_t *series)
{
    static const struct writer_style style = {.utf8 = false, .width = 80};
    struct history *history;
    struct error error = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_int_equal(history_open(&history, database, false, IMPATIENT_MS, &error), STATUS_OK);
    assert_int_equal(json ? history_trend_json(history, filter, out, series, &error)
                          : history_trend_print(history, filter, out, &style, series, &error),
                     STATUS_OK);
    history_close(history);
    fclose(out);
    return text;
}

static void test_trend(void **state)
{
    const struct history_filter filter = {.metric = "decode_tokens_per_second"};
    struct history_tally tally;
    struct refusals refusals;
    struct error error = {0};
    size_t series;
    char *text;

    (void)state;
    write_results(40);
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    text = trend_text(&filter, false, &series);
    assert_int_equal(series, 2);
    assert_non_null(strstr(text, "####################____________________\n                      ^"));
    assert_non_null(strstr(text, "-10.0 %"));
    assert_non_null(strstr(text, "2026-01-01T00:20:00Z"));
    free(text);
    text = trend_text(&filter, true, &series);
    assert_non_null(strstr(text, "{\"index\": 20, \"created\": \"2026-01-01T00:20:00Z\""));
    free(text);
    text = trend_text(&(struct history_filter){.metric = "load_seconds"}, true, &series);
    assert_string_equal(text, "{\"series\": [\n]}\n");
    assert_int_equal(series, 0);
    free(text);
}

static enum status otava(const struct history_filter *filter, char **text, size_t *rows, size_t *left_out,
                         struct error *error)
{
    struct history *history;
    size_t size = 0;
    FILE *out = open_memstream(text, &size);
    enum status status;

    assert_int_equal(history_open(&history, database, false, IMPATIENT_MS, error), STATUS_OK);
    status = history_otava(history, filter, out, rows, left_out, error);
    history_close(history);
    fclose(out);
    return status;
}

static void test_otava(void **state)
{
    struct history_tally tally;
    struct refusals refusals;
    struct error error = {0};
    size_t rows, left_out;
    char path[PATH_MAX], *text;

    (void)state;
    write_results(3);
    write_result(7, 1, "d-fedcba9876543210", path, sizeof path);
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    assert_int_equal(otava(&(struct history_filter){0}, &text, &rows, &left_out, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "--device 'd-fedcba9876543210'"));
    free(text);
    assert_int_equal(otava(&(struct history_filter){.device = "d-0123456789abcdef",
                                                    .metric = "decode_tokens_per_second",
                                                    .cell = "llm.llama-3.2-1b.q8_0"},
                           &text, &rows, &left_out, &error),
                     STATUS_OK);
    assert_int_equal(rows, 3);
    assert_int_equal(left_out, 0);
    assert_string_equal(text, "time,commit,llm.llama-3.2-1b.q8_0.decode_tokens_per_second\n"
                              "2026-01-01T00:00:00Z,,27.3863\n2026-01-01T00:01:00Z,,27.3863\n"
                              "2026-01-01T00:02:00Z,,27.3863\n");
    free(text);
    assert_int_equal(otava(&(struct history_filter){.metric = "load_seconds"}, &text, &rows, &left_out, &error),
                     STATUS_MISUSE);
    free(text);
}

/* What is no index of ours, or a damaged one, is told as such; a rebuild sets it aside only if it was an index or no database. */
static void test_bad_databases(void **state)
{
    struct history_tally tally;
    struct refusals refusals;
    struct history *history;
    struct error error = {0};
    char aside[PATH_MAX];

    (void)state;
    write_results(2);
    scratch_path(&tree, "results/history.db.damaged", aside, sizeof aside);
    assert_int_equal(history_open(&history, database, false, IMPATIENT_MS, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "history rebuild"));
    scratch_write(&tree, "results/history.db",
                  "this is no database, and is long enough to be seen as none of them at all");
    assert_int_equal(history_open(&history, database, false, IMPATIENT_MS, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "damaged"));
    assert_non_null(strstr(error.text, "history rebuild"));
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    assert_int_equal(error.status, STATUS_OK);
    assert_int_equal(access(aside, F_OK), 0);
    assert_int_equal(count_results(&(struct history_filter){0}), 2);

    run_sql("PRAGMA user_version=99");
    assert_int_equal(history_open(&history, database, true, IMPATIENT_MS, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "version 99"));
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    run_sql("DROP TABLE figures");
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    assert_int_equal(count_results(&(struct history_filter){0}), 2);

    run_sql("PRAGMA application_id=5");
    assert_int_equal(history_open(&history, database, true, IMPATIENT_MS, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "another program"));
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_IO);
    assert_int_equal(history_note(database, aside, &error), STATUS_IO);
    assert_int_equal(history_open(&history, "/nowhere/at/all.db", true, IMPATIENT_MS, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/nowhere/at/all.db"));
}

/* Every page in turn is made unreadable: no call may crash, and a rebuild makes it whole. */
static void test_damaged_pages(void **state)
{
    static const char garbage[512] = {"\xff\xff\xff"};
    struct history_tally tally;
    struct refusals refusals;
    struct error error = {0};
    long size;
    FILE *file;

    (void)state;
    write_results(4);
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    file = fopen(database, "r");
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    fclose(file);
    for (long at = 0; at < size; at += 4096) {
        struct history *history;
        size_t count = 0;
        file = fopen(database, "r+");
        fseek(file, at, SEEK_SET);
        assert_int_equal(fwrite(garbage, 1, sizeof garbage, file), sizeof garbage);
        fclose(file);
        if (history_open(&history, database, false, IMPATIENT_MS, &error) == STATUS_OK)
            history_figures(history, &(struct history_filter){0}, count_entry, &count, &error);
        history_close(history);
        assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
        assert_int_equal(count_results(&(struct history_filter){0}), 4);
    }
}

static void test_locked(void **state)
{
    struct history_tally tally;
    struct refusals refusals;
    struct error error = {0};
    char path[PATH_MAX];
    sqlite3 *other;
    struct history *history;

    (void)state;
    write_results(2);
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    write_result(5, 1, "d-0123456789abcdef", path, sizeof path);
    assert_int_equal(sqlite3_open(database, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(history_open(&history, database, true, IMPATIENT_MS, &error), STATUS_OK);
    assert_int_equal(history_add(history, path, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "another program is writing"));
    history_close(history);
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_IO);
    /* readers go on meanwhile */
    assert_int_equal(count_results(&(struct history_filter){0}), 2);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(rebuild(&tally, &refusals, &error), STATUS_OK);
    assert_int_equal(tally.added, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rebuild, open_tree, close_tree),
        cmocka_unit_test_setup_teardown(test_add, open_tree, close_tree),
        cmocka_unit_test_setup_teardown(test_values, open_tree, close_tree),
        cmocka_unit_test_setup_teardown(test_trend, open_tree, close_tree),
        cmocka_unit_test_setup_teardown(test_otava, open_tree, close_tree),
        cmocka_unit_test_setup_teardown(test_bad_databases, open_tree, close_tree),
        cmocka_unit_test_setup_teardown(test_damaged_pages, open_tree, close_tree),
        cmocka_unit_test_setup_teardown(test_locked, open_tree, close_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
