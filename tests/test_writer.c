#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/document.h"
#include "reports/text.h"
#include "reports/view.h"
#include "reports/writer.h"
#include "tests/sample_record.h"

static const struct writer_style plain = {false, true, 100};

static const struct writer *writer_named(const char *name)
{
    for (size_t i = 0; writers[i]; i++)
        if (strcmp(writers[i]->name, name) == 0)
            return writers[i];
    fail_msg("no writer %s", name);
    return NULL;
}

static char *written(const char *name, const struct record *record, const struct writer_style *style)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct error error = {0};

    assert_non_null(out);
    assert_int_equal(writer_named(name)->write(record, style, out, &error), STATUS_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

static char *written_sample(const char *name, const struct writer_style *style)
{
    struct record record;
    char *text;

    sample_record(&record);
    text = written(name, &record, style);
    record_close(&record);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

/* Line by line: no trailing space, at most `width` columns, valid UTF-8 (ASCII where told). */
static void assert_lines(const char *text, size_t width, bool ascii)
{
    char *copy = strdup(text), *rest = copy;

    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        size_t length = strlen(line);
        const char *at = line;
        bool valid = true;
        while (at < line + length) {
            uint32_t code = text_next(&at, line + length, &valid);
            assert_true(valid && code >= 0x20);
            assert_true(!ascii || code < 0x7f);
        }
        assert_false(length && line[length - 1] == ' ');
        if (text_columns(line) > width)
            fail_msg("wider than %zu: %s", width, line);
    }
    free(copy);
}

static void test_registry(void **state)
{
    (void)state;
    assert_string_equal(writer_for_path("a/b.json")->name, "json");
    assert_string_equal(writer_for_path("r.txt")->name, "text");
    assert_string_equal(writer_for_path("r.x.csv")->name, "csv");
    assert_string_equal(writer_for_path("r.md")->name, "markdown");
    assert_null(writer_for_path("r.doc"));
    assert_null(writer_for_path("json"));
    assert_null(writer_for_path(".json"));
    assert_null(writer_for_path(""));
    for (size_t i = 0; writers[i]; i++)
        assert_true(writers[i]->write && *writers[i]->summary && *writers[i]->suffix == '.');
}

static void test_text(void **state)
{
    char *text = written_sample("text", &plain);

    (void)state;
    assert_lines(text, 100, false);
    assert_has(text, "Example Core 7 1234U");
    assert_has(text, "read, 537 MB                41.3 GB/s");
    assert_has(text, "INT8, avxvnni               1.04 TMAC/s");
    assert_has(text, "Models  engine cpu, threads 2, prompt 128 tokens");
    assert_has(text, "6 launches");
    assert_has(text, "llama-3.2-1b  q4_0     412 ±3  49.2 % ");
    assert_has(text, "48.1 ±0.3  80.9 % █");
    assert_has(text, "llama-3.2-1b.ffn_up  q4_0       512   613 GMAC/s");
    assert_has(text, "+0.4 %");
    assert_has(text, "llama-3.2-1b q8_0  NMSE 3.1e-05");
    assert_has(text, "skipped  llama-3.1-8b q8_0: needs 8.73 GB");
    assert_has(text, "failed   llama-3.2-3b q4_0: launch 2");
    assert_has(text, "stolen time at most 0.6 %");
    assert_has(text, "no energy source: no powercap zone, no battery (energy_joules_per_token,");
    assert_null(strstr(strstr(text, "no energy source") + 1, "no energy source"));
    assert_null(strstr(text, "\033"));
    free(text);
}

/* What cells differ in is a column; the output's type is told where it is not that of all others and not what a mix says. */
static void test_text_of_types_and_scenarios(void **state)
{
    static const struct writer_style wide = {false, true, 200};
    static const char *const facts[][5] = {{"q4_0", "q6_k", "f16", "chat", "q4_0/q6_k"},
                                           {"q4_k_m", "q6_k", "q8_0", "rag", "q4_k_m "},
                                           {"q8_0", "q8_0", "f16", "rag", "q8_0 "}};
    struct record record;
    char *text;

    (void)state;
    record_open(&record);
    sample_blocks(&record);
    for (size_t i = 0; i < 3; i++) {
        struct cell *cell = sample_model(&record, facts[i][4], "gemma-3-4b", facts[i][0], 100, 10, 2.36e9);
        facts_text(&cell->model, "output_tensor_type", NULL, facts[i][1]);
        facts_text(&cell->parameters, "kv_type", NULL, facts[i][2]);
        facts_text(&cell->parameters, "scenario", NULL, facts[i][3]);
        cell->figures[FIELD_embedding_weights_bytes].value = 5.5e8;
        cell->figures[FIELD_embedding_weights_bytes].present = true;
    }
    text = written("text", &record, &wide);
    assert_has(text, "gemma-3-4b  q4_0/q6_k  chat      f16");
    assert_has(text, "gemma-3-4b  q4_k_m     rag       q8_0");
    assert_has(text, "gemma-3-4b  q8_0       rag       f16");
    assert_has(text, "2.36 GB    550 MB");
    free(text);
    record_close(&record);
}

static void test_text_ascii_and_widths(void **state)
{
    (void)state;
    for (size_t width = 60; width <= 160; width += 10) {
        const struct writer_style style = {false, width % 20 == 0, width};
        char *text = written_sample("text", &style);
        assert_lines(text, width, !style.utf8);
        assert_has(text, "llama-3.2-1b");
        assert_has(text, style.utf8 ? "48.1 ±0.3" : "48.1 +/-0.3");
        free(text);
    }
}

static void test_text_colour(void **state)
{
    const struct writer_style style = {true, true, 100};
    char *text = written_sample("text", &style), *bare = written_sample("text", &plain), *out = text;

    (void)state;
    assert_has(text, "\033[1m");
    for (const char *at = text; *at;) { /* without its colours it is the plain text, but for the time at its head */
        if (*at == '\033')
            at += strcspn(at, "m") + 1;
        else
            *out++ = *at++;
    }
    *out = '\0';
    assert_string_equal(strstr(text, "Roofs"), strstr(bare, "Roofs"));
    free(text);
    free(bare);
}

/* Names come from outside: they may hold anything, also what a terminal would obey. */
static void test_hostile_names(void **state)
{
    struct record record;
    char *text;

    (void)state;
    sample_record(&record);
    facts_text(&record.device, "cpu.name", NULL, "Evil\033]0;title\a\xff\nCPU | <b>*x*</b> & \"q\",");
    facts_text(&record.cells[0].model, "name", NULL, "a,\"b\"\n|c");
    cell_explain(&record.cells[0], FIELD_load_seconds, "\033[2J why?");
    text = written("text", &record, &plain);
    assert_lines(text, 100, false);
    free(text);
    text = written("markdown", &record, &plain);
    assert_null(strchr(text, '\033'));
    assert_has(text, "CPU \\| &lt;b>\\*x\\*&lt;/b> &amp;");
    free(text);
    text = written("csv", &record, &plain);
    assert_null(strchr(text, '\033'));
    assert_has(text, ",\"a,\"\"b\"\" |c\",");
    free(text);
    record_close(&record);
}

static void test_empty_record(void **state)
{
    static const char *const names[] = {"text", "markdown", "csv", "json"};
    struct record record;

    (void)state;
    record_open(&record);
    for (size_t i = 0; i < 4; i++) {
        char *text = written(names[i], &record, &plain);
        assert_true(strlen(text) > 0);
        free(text);
    }
    record_close(&record);
}

static void test_few_launches_have_no_interval(void **state)
{
    struct record record;
    struct cell *cell;
    char *text;

    (void)state;
    sample_record(&record);
    cell = &record.cells[0];
    cell->repetition_count = 4;
    cell_summarise(cell);
    text = written("text", &record, &plain);
    assert_has(text, "  48.1  80.9 %");
    assert_has(text, "3 to 6 launches");
    free(text);
    record_close(&record);
}

static void test_figures(void **state)
{
    static const struct {
        struct figure figure;
        const char *text;
    } want[] = {
        {{.present = true, .value = 48.13, .ci_low = 47.8, .ci_high = 48.5}, "48.1 ±0.4"},
        {{.present = true, .value = 4998.2, .ci_low = 4998.1, .ci_high = 4998.3}, "4998.2 ±0.1"},
        {{.present = true, .value = 8, .ci_low = 8, .ci_high = 8}, "8.00 ±0.00"},
        {{.present = true, .value = 9.996, .ci_low = NAN, .ci_high = NAN}, "10.0"},
        {{.present = true, .value = 0.0123, .ci_low = NAN, .ci_high = NAN}, "0.012"},
        {{.present = true, .value = NAN}, "–"},
        {{.present = false, .value = 3}, "–"},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        view_figure(out, sizeof out, &want[i].figure);
        assert_string_equal(out, want[i].text);
    }
}

static void test_csv(void **state)
{
    char *text = written_sample("csv", &plain), *rest = text, *line;
    size_t columns = 0, rows = 0;

    (void)state;
    assert_has(text, ",decode_tokens_per_second,48.0759");
    assert_has(text, ",average_power_watts,,watts,,,,,,measured,lower,,,");
    assert_has(text, ",skipped,llm,llama-3.1-8b,q8_0,cpu,,,,,,,,,,,,,,,,");
    while ((line = strsep(&rest, "\n")) && *line) {
        size_t own = 1;
        bool quoted = false;
        for (const char *at = line; *at; at++) {
            quoted ^= *at == '"';
            own += *at == ',' && !quoted;
        }
        columns = columns ? columns : own;
        assert_int_equal(own, columns);
        rows++;
    }
    assert_int_equal(columns, 27);
    assert_true(rows > 20);
    free(text);
}

static void test_markdown(void **state)
{
    char *text = written_sample("markdown", &plain);

    (void)state;
    assert_has(text, "## Models");
    assert_has(text, "| llama-3.2-1b | q4_0 | 412 ±3 | 49.2 % | 48.1 ±0.3 | 80.9 % |");
    assert_has(text, "|---|---|---:|");
    assert_has(text, "- skipped: llama-3.1-8b q8_0: needs 8.73 GB");
    free(text);
}

static void test_json(void **state)
{
    char *text = written_sample("json", &plain);
    struct error error = {0};

    (void)state;
    assert_int_equal(document_validate(text, strlen(text), &error), STATUS_OK);
    assert_int_equal(text[strlen(text) - 1], '\n');
    free(text);
}

/* ---- saving ------------------------------------------------------------------------------------------------------------- */

struct folder {
    char path[64], file[96];
};

static int folder_open(void **state)
{
    struct folder *folder = malloc(sizeof *folder);

    assert_non_null(folder);
    strcpy(folder->path, P_tmpdir "/pocketmark-writer-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->file, sizeof folder->file, "%s/r.json", folder->path);
    *state = folder;
    return 0;
}

/* Entries of the folder; removes them where told. */
static int folder_entries(const struct folder *folder, bool clear)
{
    DIR *list = opendir(folder->path);
    const struct dirent *entry;
    char path[400];
    int count = 0;

    assert_non_null(list);
    while ((entry = readdir(list)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(path, sizeof path, "%s/%s", folder->path, entry->d_name);
            if (clear)
                remove(path);
            count++;
        }
    closedir(list);
    return count;
}

static int folder_close(void **state)
{
    struct folder *folder = *state;

    folder_entries(folder, true);
    rmdir(folder->path);
    free(folder);
    return 0;
}

static enum status save(const char *path, struct error *error)
{
    struct record record;
    enum status status;

    *error = (struct error){0};
    sample_record(&record);
    status = writer_save(writer_named("json"), &record, path, error);
    record_close(&record);
    return status;
}

static void test_save(void **state)
{
    const struct folder *folder = *state;
    struct error error;
    char link[128];
    struct stat about;

    assert_int_equal(writer_probe(folder->file, &error), STATUS_OK);
    assert_int_equal(folder_entries(folder, false), 0);
    assert_int_equal(save(folder->file, &error), STATUS_OK);
    assert_int_equal(document_validate_file(folder->file, &error), STATUS_OK);
    assert_int_equal(save(folder->file, &error), STATUS_OK);
    assert_int_equal(folder_entries(folder, false), 1);
    /* a link stays a link, and its file is replaced */
    snprintf(link, sizeof link, "%s/link.json", folder->path);
    assert_int_equal(symlink("r.json", link), 0);
    assert_int_equal(writer_save_bytes(link, "new", 3, &error), STATUS_OK);
    assert_int_equal(lstat(link, &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_int_equal(stat(folder->file, &about), 0);
    assert_int_equal(about.st_size, 3);
    assert_int_equal(folder_entries(folder, false), 2);
}

static void test_save_refuses(void **state)
{
    const struct folder *folder = *state;
    char paths[6][400], name[300];
    struct error error;

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(paths[0], sizeof *paths, "%s/none/r.json", folder->path);
    snprintf(paths[1], sizeof *paths, "%s", folder->path);
    snprintf(paths[2], sizeof *paths, "%s/", folder->path);
    snprintf(paths[3], sizeof *paths, "%s/r.json/x.json", folder->path);
    snprintf(paths[4], sizeof *paths, "%s/newfolder/", folder->path);
    snprintf(paths[5], sizeof *paths, "%s/%s.json", folder->path, name);
    assert_int_equal(save(folder->file, &error), STATUS_OK);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(save(paths[i], &error), STATUS_IO);
        assert_has(error.text, paths[i]);
        assert_int_equal(writer_probe(paths[i], &error), STATUS_IO);
        assert_has(error.text, paths[i]);
    }
    assert_int_equal(save("", &error), STATUS_IO);
    assert_int_equal(writer_probe("", &error), STATUS_IO);
    assert_int_equal(folder_entries(folder, false), 1);
}

static void test_save_special(void **state)
{
    struct error error;
    struct stat about;

    (void)state;
    assert_int_equal(save("/dev/null", &error), STATUS_OK);
    assert_int_equal(writer_probe("/dev/null", &error), STATUS_OK);
    assert_int_equal(stat("/dev/null", &about), 0);
    assert_true(S_ISCHR(about.st_mode));
    assert_int_equal(save("/dev/full", &error), STATUS_IO);
    assert_has(error.text, "/dev/full");
    assert_has(error.text, "No space left");
    assert_has(error.text, "free some space");
    assert_int_equal(writer_probe("-", &error), STATUS_OK);
}

/* A write that fails half-way leaves the old file whole and nothing beside it. */
static void test_save_half_way(void **state)
{
    const struct folder *folder = *state;
    struct rlimit before, small;
    struct error error;
    void (*handler)(int);

    assert_int_equal(save(folder->file, &error), STATUS_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    handler = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(save(folder->file, &error), STATUS_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_has(error.text, folder->file);
    assert_int_equal(document_validate_file(folder->file, &error), STATUS_OK);
    assert_int_equal(folder_entries(folder, false), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_of_types_and_scenarios),
        cmocka_unit_test(test_text_ascii_and_widths),
        cmocka_unit_test(test_text_colour),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_empty_record),
        cmocka_unit_test(test_few_launches_have_no_interval),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_json),
        cmocka_unit_test_setup_teardown(test_save, folder_open, folder_close),
        cmocka_unit_test_setup_teardown(test_save_refuses, folder_open, folder_close),
        cmocka_unit_test(test_save_special),
        cmocka_unit_test_setup_teardown(test_save_half_way, folder_open, folder_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
