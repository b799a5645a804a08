/* Child processes: what they say, and how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "runner/child.h"

struct heard {
    char text[256];
    size_t lines;
};

static void hear(void *context, char *line)
{
    struct heard *heard = context;
    size_t used = strlen(heard->text);

    heard->lines++;
    snprintf(heard->text + used, sizeof heard->text - used, "%s|", line);
}

static struct child_end run(const char *script, double timeout_seconds, sig_atomic_t stop, struct heard *heard)
{
    static struct child_command command;
    volatile sig_atomic_t flag = stop;
    const struct child_hooks hooks = {hear, NULL, heard};
    struct child_end end;
    struct error error = {0};

    *heard = (struct heard){0};
    child_command_open(&command, "/bin/sh", "sh");
    child_command_add(&command, "-c");
    child_command_add(&command, "%s", script);
    assert_int_equal(child_run(&command, timeout_seconds, &flag, &hooks, &end, &error), STATUS_OK);
    return end;
}

static void check_description(const struct child_end *end, const char *says)
{
    char text[120];

    child_end_describe(end, text, sizeof text);
    if (!strstr(text, says))
        fail_msg("'%s' does not say '%s'", text, says);
}

static void test_lines_are_heard_whole(void **state)
{
    struct heard heard;
    struct child_end end = run("printf 'one\\ntwo' >&3; printf ' words\\n\\nlast' >&3; exit 3", 30, 0, &heard);

    (void)state;
    assert_string_equal(heard.text, "one|two words||");
    assert_int_equal(end.code, 3);
    assert_int_equal(end.signal, 0);
    check_description(&end, "exit code 3");
}

static void test_standard_output_is_not_ours_to_give(void **state)
{
    struct heard heard;
    struct child_end end = run("[ /proc/self/fd/1 -ef /proc/self/fd/2 ] && echo same >&3", 30, 0, &heard);

    (void)state;
    assert_string_equal(heard.text, "same|");
    assert_int_equal(end.code, 0);
}

static void test_signals_have_names(void **state)
{
    struct heard heard;
    struct child_end end = run("echo half >&3; kill -KILL $$", 30, 0, &heard);

    (void)state;
    assert_int_equal(end.signal, SIGKILL);
    assert_string_equal(heard.text, "half|");
    check_description(&end, "out of memory");
    end = run("kill -SEGV $$", 30, 0, &heard);
    assert_int_equal(end.signal, SIGSEGV);
    check_description(&end, "SIGSEGV");
    end = run("kill -ABRT $$", 30, 0, &heard);
    check_description(&end, "SIGABRT");
}

static void test_the_stuck_are_ended(void **state)
{
    struct heard heard;
    struct child_end end = run("exec sleep 100", 0.05, 0, &heard);

    (void)state;
    assert_true(end.timed_out);
    assert_int_equal(end.signal, SIGKILL);
    check_description(&end, "too long");
    end = run("exec 3>&-; exec sleep 100", 0.05, 0, &heard);
    assert_true(end.timed_out);
}

static void test_a_stop_ends_the_child(void **state)
{
    struct heard heard;
    struct child_end end = run("exec sleep 100", 100, SIGINT, &heard);

    (void)state;
    assert_true(end.interrupted);
    assert_false(end.timed_out);
    check_description(&end, "interrupted");
}

static void test_endless_lines_do_not_grow(void **state)
{
    struct heard heard;

    (void)state;
    run("head -c 300000 /dev/zero | tr '\\0' x >&3", 30, 0, &heard);
    assert_int_equal(heard.lines, 300000 / 65535);
}

static void test_what_cannot_be_started(void **state)
{
    static struct child_command command;
    volatile sig_atomic_t flag = 0;
    struct heard heard = {0};
    const struct child_hooks hooks = {hear, NULL, &heard};
    struct child_end end;
    struct error error = {0};

    (void)state;
    child_command_open(&command, "/does/not/exist", "x");
    assert_int_equal(child_run(&command, 30, &flag, &hooks, &end, &error), STATUS_OK);
    check_description(&end, "could not be started");
    for (int i = 0; i < 2 * CHILD_ARGUMENTS_MAX; i++)
        child_command_add(&command, "%d", i);
    assert_true(command.overflow);
    assert_int_equal(child_run(&command, 30, &flag, &hooks, &end, &error), STATUS_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_heard_whole),  cmocka_unit_test(test_standard_output_is_not_ours_to_give),
        cmocka_unit_test(test_signals_have_names),     cmocka_unit_test(test_the_stuck_are_ended),
        cmocka_unit_test(test_a_stop_ends_the_child),  cmocka_unit_test(test_endless_lines_do_not_grow),
        cmocka_unit_test(test_what_cannot_be_started),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
