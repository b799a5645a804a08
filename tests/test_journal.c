/* The journal of a run, from its first line to its last, and what is had from it again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/clock.h"
#include "runner/journal.h"
#include "tests/scratch_tree.h"

struct rig {
    struct scratch_tree tree;
    char folder[128], file[160];
    struct event plan;
    struct journal journal;
};

static struct rig *rig_open(void)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct error error = {0};

    scratch_open(&rig->tree);
    snprintf(rig->folder, sizeof rig->folder, "%s/x.run", rig->tree.root);
    snprintf(rig->file, sizeof rig->file, "%s/journal.jsonl", rig->folder);
    facts_text(&rig->plan.facts, "what", NULL, "a test");
    assert_true(event_add(&rig->plan, "--launches=2"));
    assert_int_equal(journal_create(&rig->journal, rig->folder, &rig->plan, &error), STATUS_OK);
    return rig;
}

static void rig_close(struct rig *rig)
{
    journal_close(&rig->journal);
    event_close(&rig->plan);
    scratch_close(&rig->tree);
    free(rig);
}

static struct child_command *command_of(const char *kind, int number)
{
    struct child_command *command = malloc(sizeof *command);

    child_command_open(command, "/proc/self/exe", "pocketmark");
    child_command_add(command, "child");
    child_command_add(command, "%s", kind);
    child_command_add(command, "%d", number);
    return command;
}

/* A launch that tells one line; failing: and then fails. */
static void launch(struct journal *journal, const char *kind, int number, const char *line, bool failing)
{
    struct child_command *command = command_of(kind, number);
    struct error failure = {0};

    if (failing)
        error_set(&failure, STATUS_FAILED, "killed by SIGKILL");
    journal_launch_begin(journal, command);
    journal_launch_tell(journal, line);
    journal_launch_end(journal, &failure);
    assert_null(journal_failed(journal));
    free(command);
}

static bool recall(struct journal *journal, const char *kind, int number, struct recalled *recalled)
{
    struct child_command *command = command_of(kind, number);
    bool found = journal_recall(journal, command, recalled);

    free(command);
    return found;
}

static void reload(struct rig *rig)
{
    struct error error = {0};

    journal_close(&rig->journal);
    assert_int_equal(journal_load(&rig->journal, rig->folder, &error), STATUS_OK);
}

static void go_on(struct rig *rig)
{
    struct event resume = {0};
    struct error error = {0};

    assert_int_equal(journal_continue(&rig->journal, &resume, &error), STATUS_OK);
}

static void test_launches_are_recalled_once_in_their_order(void **state)
{
    struct rig *rig = rig_open();
    struct child_command *torn = command_of("launch", 7);
    struct recalled recalled;

    (void)state;
    launch(&rig->journal, "launch", 1, "first", false);
    launch(&rig->journal, "canary", 0, "sings", false);
    launch(&rig->journal, "launch", 2, "other", true);
    launch(&rig->journal, "launch", 1, "second", false);
    journal_launch_begin(&rig->journal, torn);
    journal_launch_tell(&rig->journal, "never told to its end");
    reload(rig);
    assert_string_equal(facts_find(&journal_plan(&rig->journal)->facts, "what")->text, "a test");
    assert_string_equal(journal_plan(&rig->journal)->strings[0], "--launches=2");
    assert_int_equal(journal_launches(&rig->journal), 4);
    assert_null(journal_result(&rig->journal));
    go_on(rig);
    assert_string_equal(journal_next_kind(&rig->journal), "launch");
    assert_true(recall(&rig->journal, "launch", 1, &recalled));
    assert_int_equal(recalled.count, 1);
    assert_string_equal(recalled.lines[0], "first");
    assert_int_equal(recalled.failure.status, STATUS_OK);
    assert_true(recall(&rig->journal, "launch", 1, &recalled));
    assert_string_equal(recalled.lines[0], "second");
    assert_string_equal(journal_next_kind(&rig->journal), "canary");
    assert_true(recall(&rig->journal, "launch", 2, &recalled));
    assert_int_equal(recalled.failure.status, STATUS_FAILED);
    assert_string_equal(recalled.failure.text, "killed by SIGKILL");
    assert_true(recall(&rig->journal, "canary", 0, &recalled));
    assert_null(journal_next_kind(&rig->journal));
    assert_false(recall(&rig->journal, "launch", 7, &recalled));
    assert_false(recall(&rig->journal, "launch", 1, &recalled));
    free(torn);
    rig_close(rig);
}

static void test_times_go_on_where_they_stopped(void **state)
{
    struct rig *rig = rig_open();
    struct recalled recalled;
    uint64_t first_start_ns = rig->journal.start_ns, then_ns;

    (void)state;
    launch(&rig->journal, "launch", 1, "one", false);
    launch(&rig->journal, "launch", 2, "two", false);
    launch(&rig->journal, "launch", 3, "three", false);
    reload(rig);
    go_on(rig);
    assert_true(journal_now_ns(&rig->journal) == journal_start_ns(&rig->journal));
    assert_true(recall(&rig->journal, "launch", 1, &recalled));
    assert_true(recalled.start_ns == first_start_ns);
    then_ns = journal_now_ns(&rig->journal) - journal_start_ns(&rig->journal);
    assert_true(then_ns < 1000000000u * 60u);
    assert_true(recall(&rig->journal, "launch", 2, &recalled));
    assert_true(journal_now_ns(&rig->journal) - journal_start_ns(&rig->journal) > then_ns);
    assert_true(recall(&rig->journal, "launch", 3, &recalled));
    assert_true(journal_now_ns(&rig->journal) <= clock_now_ns());
    rig_close(rig);
}

static void test_a_torn_line_is_taken_away(void **state)
{
    struct rig *rig = rig_open();
    FILE *file;
    struct recalled recalled;

    (void)state;
    launch(&rig->journal, "launch", 1, "first", false);
    file = fopen(rig->file, "a");
    fputs("{\"seq\":3,\"prev\":", file);
    fclose(file);
    reload(rig);
    go_on(rig);
    launch(&rig->journal, "launch", 2, "after", false);
    reload(rig);
    assert_int_equal(rig->journal.events.count, 6);
    assert_int_equal(journal_launches(&rig->journal), 2);
    go_on(rig);
    assert_true(recall(&rig->journal, "launch", 2, &recalled));
    assert_true(recall(&rig->journal, "launch", 1, &recalled));
    rig_close(rig);
}

static void test_roofs_of_another_boot_are_forgotten(void **state)
{
    struct rig *rig = rig_open();
    struct recalled recalled;

    (void)state;
    launch(&rig->journal, "roof", 1, "old", false);
    launch(&rig->journal, "launch", 1, "kept", false);
    reload(rig);
    go_on(rig);
    launch(&rig->journal, "roof", 1, "new", false);
    reload(rig);
    go_on(rig);
    journal_forget(&rig->journal, "roof", 5);
    assert_true(recall(&rig->journal, "roof", 1, &recalled));
    assert_string_equal(recalled.lines[0], "new");
    assert_false(recall(&rig->journal, "roof", 1, &recalled));
    assert_string_equal(journal_next_kind(&rig->journal), "launch");
    assert_true(recall(&rig->journal, "launch", 1, &recalled));
    assert_null(journal_next_kind(&rig->journal));
    rig_close(rig);
}

static void test_a_finished_journal_tells_its_result(void **state)
{
    struct rig *rig = rig_open();
    struct error error = {0};

    (void)state;
    journal_stop(&rig->journal, SIGTERM);
    assert_int_equal(journal_finish(&rig->journal, "x.json", true, &error), STATUS_OK);
    reload(rig);
    assert_string_equal(journal_result(&rig->journal), "x.json");
    go_on(rig);
    assert_int_equal(journal_finish(&rig->journal, "x.json", false, &error), STATUS_OK);
    assert_int_not_equal(access(rig->folder, F_OK), 0);
    rig_close(rig);
}

static void test_a_folder_is_begun_once(void **state)
{
    struct rig *rig = rig_open();
    struct journal other;
    struct error error = {0};

    (void)state;
    assert_int_equal(journal_create(&other, rig->folder, &rig->plan, &error), STATUS_IO);
    assert_non_null(strstr(error.text, rig->folder));
    journal_close(&other);
    assert_int_equal(access(rig->file, F_OK), 0);
    rig_close(rig);
}

static void check_refused(struct rig *rig, enum status expected, const char *says)
{
    struct journal journal;
    struct error error = {0};

    assert_int_equal(journal_load(&journal, rig->folder, &error), expected);
    if (!strstr(error.text, says))
        fail_msg("'%s' does not say '%s'", error.text, says);
    journal_close(&journal);
}

/* A journal of one event behind its plan. */
static void write_event(struct rig *rig, const char *name, const char *number, double value)
{
    struct event events[2] = {{.name = "plan"}, {.name = ""}};
    struct event_chain chain = {0};
    struct error error = {0};
    FILE *file = fopen(rig->file, "w");

    snprintf(events[1].name, sizeof events[1].name, "%s", name);
    facts_text(&events[0].facts, "start_ns", NULL, "1");
    facts_number(&events[0].facts, "elapsed_seconds", NULL, 0);
    facts_number(&events[1].facts, "elapsed_seconds", NULL, 0);
    facts_number(&events[1].facts, number, NULL, value);
    for (size_t i = 0; i < 2; i++) {
        char *line;
        assert_int_equal(event_text(&events[i], &chain, &line, &error), STATUS_OK);
        fputs(line, file);
        free(line);
        event_close(&events[i]);
    }
    fclose(file);
}

static void test_what_makes_no_sense_is_refused(void **state)
{
    struct rig *rig = rig_open();

    (void)state;
    write_event(rig, "end", "begin", 0);
    check_refused(rig, STATUS_FORMAT, "line 2: the end of a launch that did not begin");
    write_event(rig, "end", "begin", 1);
    check_refused(rig, STATUS_FORMAT, "line 2: the end");
    write_event(rig, "end", "begin", 1e300);
    check_refused(rig, STATUS_FORMAT, "line 2: the end");
    write_event(rig, "plan", "x", 1);
    check_refused(rig, STATUS_FORMAT, "a second plan");
    write_event(rig, "resume", "x", 1);
    check_refused(rig, STATUS_FORMAT, "start_ns");
    write_event(rig, "begin", "elapsed_seconds", -1);
    check_refused(rig, STATUS_FORMAT, "elapsed_seconds");
    write_event(rig, "begin", "elapsed_seconds", 1e12);
    check_refused(rig, STATUS_FORMAT, "elapsed_seconds");
    assert_int_equal(truncate(rig->file, 100), 0);
    check_refused(rig, STATUS_FORMAT, "nothing was measured");
    assert_int_equal(unlink(rig->file), 0);
    check_refused(rig, STATUS_IO, "journal.jsonl");
    rig_close(rig);
}

static void test_a_journal_that_cannot_grow_stops_the_run(void **state)
{
    struct rig *rig = rig_open();
    struct rlimit before, small;
    struct child_command *command = command_of("launch", 1);
    struct error none = {0};
    struct stat about;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(stat(rig->file, &about), 0);
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){(rlim_t)about.st_size + 10, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    journal_launch_begin(&rig->journal, command);
    assert_non_null(journal_failed(&rig->journal));
    assert_non_null(strstr(journal_failed(&rig->journal)->text, rig->file));
    journal_launch_tell(&rig->journal, "goes nowhere");
    journal_launch_end(&rig->journal, &none);
    journal_stop(&rig->journal, SIGTERM);
    setrlimit(RLIMIT_FSIZE, &before);
    reload(rig);
    assert_int_equal(rig->journal.events.count, 1);
    free(command);
    rig_close(rig);
}

static void test_no_journal_is_no_trouble(void **state)
{
    struct recalled recalled;
    struct error none = {0};
    struct child_command *command = command_of("launch", 1);

    (void)state;
    assert_false(journal_recall(NULL, command, &recalled));
    assert_null(journal_next_kind(NULL));
    assert_null(journal_failed(NULL));
    journal_launch_begin(NULL, command);
    journal_launch_tell(NULL, "x");
    journal_launch_end(NULL, &none);
    journal_stop(NULL, SIGINT);
    assert_true(journal_now_ns(NULL) > 0);
    free(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_launches_are_recalled_once_in_their_order),
        cmocka_unit_test(test_times_go_on_where_they_stopped),
        cmocka_unit_test(test_a_torn_line_is_taken_away),
        cmocka_unit_test(test_roofs_of_another_boot_are_forgotten),
        cmocka_unit_test(test_a_finished_journal_tells_its_result),
        cmocka_unit_test(test_a_folder_is_begun_once),
        cmocka_unit_test(test_what_makes_no_sense_is_refused),
        cmocka_unit_test(test_a_journal_that_cannot_grow_stops_the_run),
        cmocka_unit_test(test_no_journal_is_no_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
