/* Going on with a run: its folder's name, its options, and what it must still be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runner/resume.h"
#include "tests/scratch_tree.h"

static void check_folder(const char *folder, const char *expected)
{
    char path[RESUME_RESULT_MAX];
    struct error error = {0};
    enum status status = resume_result_path(folder, path, &error);

    assert_int_equal(status, expected ? STATUS_OK : STATUS_MISUSE);
    if (expected)
        assert_string_equal(path, expected);
}

static void test_the_result_is_named_as_the_folder(void **state)
{
    char longest[JOURNAL_FOLDER_MAX + 8];

    (void)state;
    check_folder("results/x.run", "results/x.json");
    check_folder("results/x.run//", "results/x.json");
    check_folder("x.run", "x.json");
    check_folder("results", NULL);
    check_folder("results/x.running", NULL);
    check_folder(".run", NULL);
    check_folder("/", NULL);
    check_folder("", NULL);
    memset(longest, 'x', sizeof longest);
    strcpy(longest + sizeof longest - 5, ".run");
    check_folder(longest, NULL);
}

/* A journal in memory, of a plan that `records` make with these arguments. */
struct rig {
    struct record record;
    struct memory memory;
    struct event events[4];
    struct journal journal;
    struct options given;
};

static void describe(struct rig *rig, struct event *event)
{
    const struct record *records[] = {&rig->record};

    resume_describe(event, records, 1, &rig->memory);
}

static struct rig *rig_open(void)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct error error = {0};
    struct cell *cell;

    record_open(&rig->record);
    facts_text(&rig->record.tool, "build_id_sha256", NULL, "aaaa");
    facts_text(&rig->record.workload, "definition_sha256", NULL, "bbbb");
    facts_text(&rig->record.device, "device_id", NULL, "d-1");
    facts_text(&rig->record.environment, "governor", NULL, "performance");
    cell = record_add_cell(&rig->record, "a-case");
    facts_text(&cell->model, "name", NULL, "a-model");
    facts_text(&cell->model, "index_sha256", NULL, "cccc");
    facts_text(&cell->engine, "name", NULL, "cpu");
    facts_text(&cell->engine, "binary_sha256", NULL, "aaaa");
    rig->memory = (struct memory){.usable_bytes = 1000, .binding = "MemAvailable"};
    strcpy(rig->events[0].name, "plan");
    describe(rig, &rig->events[0]);
    rig->journal = (struct journal){.folder = "results/x.run", .fd = -1, .events = {.items = rig->events, .count = 1}};
    assert_int_equal(options_parse(&rig->given, COMMAND_RUN, 2, (char *[]){"--resume", "results/x.run"}, &error),
                     STATUS_OK);
    return rig;
}

static void rig_close(struct rig *rig)
{
    for (size_t i = 0; i < 4; i++)
        event_close(&rig->events[i]);
    options_close(&rig->given);
    record_close(&rig->record);
    free(rig);
}

static enum status check(struct rig *rig, struct error *error)
{
    struct event now = {0};
    enum status status;

    *error = (struct error){0};
    describe(rig, &now);
    status = resume_check(&rig->journal, &now, error);
    event_close(&now);
    return status;
}

static void test_what_differs_is_named(void **state)
{
    struct rig *rig = rig_open();
    struct error error;

    (void)state;
    assert_int_equal(check(rig, &error), STATUS_OK);
    facts_text(&rig->record.environment, "governor", NULL, "powersave");
    assert_int_equal(check(rig, &error), STATUS_OK);
    facts_text(&rig->record.tool, "build_id_sha256", NULL, "dddd");
    assert_int_equal(check(rig, &error), STATUS_UNLIKE);
    assert_non_null(strstr(error.text, "changed: program."));
    facts_text(&rig->record.cells[0].model, "index_sha256", NULL, "eeee");
    assert_int_equal(check(rig, &error), STATUS_UNLIKE);
    assert_non_null(strstr(error.text, "program, file of model a-model"));
    facts_text(&rig->record.cells[0].model, "index_sha256", NULL, "");
    assert_int_equal(check(rig, &error), STATUS_UNLIKE);
    assert_non_null(strstr(error.text, "file of model a-model"));
    rig_close(rig);
}

static const struct fact *adopt(struct rig *rig, const char *path)
{
    struct record *records[] = {&rig->record};
    struct event now = {0};

    describe(rig, &now);
    resume_adopt(&rig->journal, &now, records, 1, &rig->memory);
    event_close(&now);
    return facts_find(&rig->record.environment, path);
}

static void test_the_run_is_that_of_the_journal(void **state)
{
    struct rig *rig = rig_open();
    char id[sizeof rig->record.result_id];

    (void)state;
    strcpy(id, rig->record.result_id);
    record_close(&rig->record);
    record_open(&rig->record);
    assert_string_not_equal(rig->record.result_id, id);
    rig->memory.usable_bytes = 5;
    assert_int_equal(adopt(rig, "resumed_count")->integer, 1);
    assert_string_equal(rig->record.result_id, id);
    assert_int_equal(rig->memory.usable_bytes, 1000);
    assert_string_equal(rig->memory.binding, "MemAvailable");
    assert_false(facts_find(&rig->record.environment, "resumed_after_reboot")->boolean);
    assert_string_equal(facts_find(&rig->record.environment, "resumed_changes")->text, "governor");
    rig_close(rig);
}

static void test_memory_without_a_limit_stays_without(void **state)
{
    struct rig *rig = rig_open();

    (void)state;
    facts_number(&rig->events[0].facts, "memory_usable_bytes", NULL, (double)UINT64_MAX);
    adopt(rig, "resumed_count");
    assert_true(rig->memory.usable_bytes == UINT64_MAX);
    rig_close(rig);
}

static void test_a_reboot_in_any_session_is_told(void **state)
{
    struct rig *rig = rig_open();

    (void)state;
    strcpy(rig->events[1].name, "begin");
    strcpy(rig->events[2].name, "resume");
    facts_text(&rig->events[2].facts, "noted.boot", NULL, "another");
    strcpy(rig->events[3].name, "resume");
    describe(rig, &rig->events[3]);
    rig->journal.events.count = 4;
    assert_true(adopt(rig, "resumed_after_reboot")->boolean);
    assert_int_equal(facts_find(&rig->record.environment, "resumed_count")->integer, 3);
    assert_string_equal(rig->journal.forgotten_kind, "roof");
    assert_int_equal(rig->journal.forgotten_before, 3);
    rig_close(rig);
}

/* What becomes of a journal with these arguments, separated by blanks. */
static enum status parse(struct rig *rig, const char *arguments, struct error *error)
{
    struct event *plan = &rig->events[0];
    struct options options;
    char copy[200], *cursor = copy;
    enum status status;

    for (size_t i = 0; i < plan->string_count; i++)
        free(plan->strings[i]);
    plan->string_count = 0;
    snprintf(copy, sizeof copy, "%s", arguments);
    for (char *word; (word = strsep(&cursor, " "));)
        assert_true(!*word || event_add(plan, word));
    *error = (struct error){0};
    status = resume_options(&options, &rig->given, &rig->journal, error);
    if (!status)
        assert_int_equal(options_size(&options, OPTION_PROMPT, 0), 8);
    options_close(&options);
    return status;
}

static void test_options_come_from_the_journal_alone(void **state)
{
    struct rig *rig = rig_open();
    struct error error = {0};

    (void)state;
    assert_int_equal(parse(rig, "quick -p 8", &error), STATUS_OK);
    assert_int_equal(parse(rig, "-p 8 --nonsense", &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "nonsense"));
    assert_int_equal(parse(rig, "-p 8 --help", &error), STATUS_FORMAT);
    assert_int_equal(parse(rig, "-p 8 --resume x.run", &error), STATUS_FORMAT);
    options_close(&rig->given);
    assert_int_equal(options_parse(&rig->given, COMMAND_RUN, 4, (char *[]){"--resume", "x.run", "-n", "4"}, &error),
                     STATUS_OK);
    assert_int_equal(parse(rig, "-p 8", &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "--generate"));
    options_close(&rig->given);
    assert_int_equal(options_parse(&rig->given, COMMAND_RUN, 3, (char *[]){"--resume", "x.run", "full"}, &error),
                     STATUS_OK);
    assert_int_equal(parse(rig, "-p 8", &error), STATUS_MISUSE);
    rig_close(rig);
}

static void test_a_finished_run_is_seen_by_its_result(void **state)
{
    struct scratch_tree tree;
    struct journal journal;
    struct event plan = {0};
    struct error error = {0};
    char folder[128], path[RESUME_RESULT_MAX];

    (void)state;
    scratch_open(&tree);
    snprintf(folder, sizeof folder, "%s/x.run", tree.root);
    assert_false(resume_is_finished(folder, path));
    assert_int_equal(journal_create(&journal, folder, &plan, &error), STATUS_OK);
    assert_false(resume_is_finished(folder, path));
    scratch_write(&tree, "x.json", "partial");
    assert_false(resume_is_finished(folder, path));
    assert_int_equal(journal_finish(&journal, path, true, &error), STATUS_OK);
    journal_close(&journal);
    assert_true(resume_is_finished(folder, path));
    assert_int_equal(journal_load(&journal, folder, &error), STATUS_OK);
    assert_int_equal(journal_continue(&journal, &plan, &error), STATUS_OK);
    assert_int_equal(journal_finish(&journal, path, false, &error), STATUS_OK);
    journal_close(&journal);
    assert_true(resume_is_finished(folder, path));
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_result_is_named_as_the_folder),
        cmocka_unit_test(test_what_differs_is_named),
        cmocka_unit_test(test_the_run_is_that_of_the_journal),
        cmocka_unit_test(test_memory_without_a_limit_stays_without),
        cmocka_unit_test(test_a_reboot_in_any_session_is_told),
        cmocka_unit_test(test_options_come_from_the_journal_alone),
        cmocka_unit_test(test_a_finished_run_is_seen_by_its_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
