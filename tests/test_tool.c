#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reports/tool.h"
#include "tests/scratch_tree.h"

/* A folder in front of PATH for programs of our own. */
struct bench {
    struct scratch_tree tree;
    char *path;
};

static int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    char path[4096];

    assert_non_null(bench);
    scratch_open(&bench->tree);
    bench->path = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    assert_non_null(bench->path);
    snprintf(path, sizeof path, "%s:%s", bench->tree.root, bench->path);
    setenv("PATH", path, 1);
    *state = bench;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *bench = *state;

    setenv("PATH", bench->path, 1);
    scratch_close(&bench->tree);
    free(bench->path);
    free(bench);
    return 0;
}

static void program(const struct bench *bench, const char *name, const char *text, mode_t mode)
{
    char path[PATH_MAX];

    scratch_write(&bench->tree, name, text);
    scratch_path(&bench->tree, name, path, sizeof path);
    assert_int_equal(chmod(path, mode), 0);
}

struct run {
    enum status status;
    char *out;
    size_t length;
    struct error error;
};

static struct run run_with(const struct bench *bench, const char *script, const char *in, size_t length, double seconds)
{
    const char *const arguments[] = {"pocketmark-subject", "one", "two words", NULL};
    const struct tool tool = {arguments, "subject-package", "the subject was left out", seconds};
    struct run run = {.out = (char *)"", .length = 99};

    if (script)
        program(bench, "pocketmark-subject", script, 0755);
    run.status = tool_run(&tool, in, length, &run.out, &run.length, &run.error);
    if (run.status != STATUS_OK) {
        assert_null(run.out);
        assert_int_equal(run.length, 0);
        assert_int_equal(run.error.status, run.status);
        assert_non_null(strstr(run.error.text, "pocketmark-subject"));
        assert_non_null(strstr(run.error.text, "the subject was left out"));
        assert_null(strpbrk(run.error.text, "\n\x1b"));
    }
    return run;
}

static void test_hands_bytes_through(void **state)
{
    static const char in[] = "a\0b\nc";
    struct run run = run_with(*state, "#!/bin/sh\nprintf '%s|' \"$@\"\nexec cat\n", in, sizeof in - 1, 10);

    assert_int_equal(run.status, STATUS_OK);
    assert_int_equal(run.length, 14 + sizeof in - 1);
    assert_memory_equal(run.out, "one|two words|a\0b\nc\0", run.length + 1);
    free(run.out);
}

static void test_says_nothing(void **state)
{
    struct run run = run_with(*state, "#!/bin/sh\necho fine >&2\n", NULL, 0, 10);

    assert_int_equal(run.status, STATUS_OK);
    assert_int_equal(run.length, 0);
    assert_string_equal(run.out, "");
    free(run.out);
}

/* More than any pipe holds, in both directions at once. */
static void test_much(void **state)
{
    enum { MUCH = 3 << 20 };
    char *in = malloc(MUCH);
    struct run run;

    assert_non_null(in);
    for (size_t i = 0; i < MUCH; i++)
        in[i] = (char)(i * 2654435761u >> 24);
    run = run_with(*state, "#!/bin/sh\nhead -c 1000000 /dev/zero >&2\nexec cat\n", in, MUCH, 30);
    assert_int_equal(run.status, STATUS_OK);
    assert_int_equal(run.length, MUCH);
    assert_memory_equal(run.out, in, MUCH);
    free(run.out);
    run = run_with(*state, "#!/bin/sh\necho unread\n", in, MUCH, 30);
    assert_int_equal(run.status, STATUS_OK);
    assert_string_equal(run.out, "unread\n");
    free(run.out);
    free(in);
}

static void test_missing(void **state)
{
    struct run run = run_with(*state, NULL, "", 0, 10);

    assert_int_equal(run.status, STATUS_UNSUPPORTED);
    assert_non_null(strstr(run.error.text, "not installed"));
    assert_non_null(strstr(run.error.text, "Debian: subject-package"));
}

static void test_not_executable(void **state)
{
    struct run run;

    program(*state, "pocketmark-subject", "#!/bin/sh\necho no\n", 0644);
    run = run_with(*state, NULL, "", 0, 10);
    assert_int_equal(run.status, STATUS_UNSUPPORTED);
    assert_non_null(strstr(run.error.text, "may not be executed"));
}

/* The file is there, what should run it is not. */
static void test_no_program(void **state)
{
    struct run run;

    program(*state, "pocketmark-subject", "\x01\x02\x03", 0755);
    run = run_with(*state, NULL, "", 0, 10);
    assert_int_equal(run.status, STATUS_FAILED);
    assert_non_null(strstr(run.error.text, "cannot start"));
}

static void test_exit_code(void **state)
{
    struct run run = run_with(*state,
                              "#!/bin/sh\nhead -c 5000 /dev/zero | tr '\\0' x >&2\n"
                              "printf '\\n\\n  last\\033[31m \\n  words\\377 here\\n\\n' >&2\necho half\nexit 3\n",
                              "", 0, 10);

    assert_int_equal(run.status, STATUS_FAILED);
    assert_non_null(strstr(run.error.text, "exit code 3"));
    assert_non_null(strstr(run.error.text, "words\xef\xbf\xbd here"));
    assert_true(strlen(run.error.text) < 400);
    run = run_with(*state, "#!/bin/sh\nexit 1\n", "", 0, 10);
    assert_int_equal(run.status, STATUS_FAILED);
    assert_non_null(strstr(run.error.text, "said nothing"));
}

static void test_crash(void **state)
{
    struct run run = run_with(*state, "#!/bin/sh\necho half\nkill -SEGV $$\n", "", 0, 10);

    assert_int_equal(run.status, STATUS_FAILED);
    assert_non_null(strstr(run.error.text, "signal 11"));
}

/* Is the process that wrote its number into that file gone, or about to be? */
static bool gone(const struct bench *bench, const char *name)
{
    const struct timespec pause = {0, 10000000};
    char path[PATH_MAX];
    FILE *file;
    int number = 0;

    scratch_path(&bench->tree, name, path, sizeof path);
    assert_non_null(file = fopen(path, "r"));
    assert_int_equal(fscanf(file, "%d", &number), 1);
    fclose(file);
    assert_true(number > 1);
    for (int i = 0; i < 500; i++) {
        char stat[64], text[256] = "";
        snprintf(stat, sizeof stat, "/proc/%d/stat", number);
        if (!(file = fopen(stat, "r")))
            return true;
        if (!fgets(text, sizeof text, file) || strstr(text, ") Z")) {
            fclose(file);
            return true;
        }
        fclose(file);
        nanosleep(&pause, NULL);
    }
    return false;
}

/* It and its children are ended, though they do not want to be. */
static void test_hangs(void **state)
{
    struct bench *bench = *state;
    char script[512];
    struct run run;

    snprintf(script, sizeof script,
             "#!/bin/sh\ntrap '' TERM INT HUP\nsleep 1000 &\necho $! >%s/number\necho half\nwait\n", bench->tree.root);
    run = run_with(bench, script, "", 0, 0.2);
    assert_int_equal(run.status, STATUS_FAILED);
    assert_non_null(strstr(run.error.text, "more than 0.2 s"));
    assert_true(gone(bench, "number"));
}

/* What it leaves behind neither keeps us waiting nor stays. */
static void test_leaves_a_child(void **state)
{
    struct bench *bench = *state;
    char script[512];
    struct run run;

    snprintf(script, sizeof script, "#!/bin/sh\nsleep 1000 &\necho $! >%s/number\necho done\n", bench->tree.root);
    run = run_with(bench, script, "", 0, 20);
    assert_int_equal(run.status, STATUS_OK);
    assert_string_equal(run.out, "done\n");
    free(run.out);
    assert_true(gone(bench, "number"));
}

/* Signals that we ignore or block are not ignored or blocked there. */
static void test_signals(void **state)
{
    unsigned long long blocked, ignored;
    sigset_t set, before;
    struct run run;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &before);
    signal(SIGPIPE, SIG_IGN);
    run = run_with(*state, "#!/bin/sh\ngrep -E '^Sig(Blk|Ign)' /proc/self/status\n", "", 0, 10);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(run.status, STATUS_OK);
    assert_int_equal(sscanf(run.out, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
    assert_int_equal(blocked, 0);
    assert_int_equal(ignored & 0x7fffffff, 0); /* the C library keeps signals 32 and 33 for itself */
    free(run.out);
}

static void test_environment(void **state)
{
    struct run run;

    setenv("SOURCE_DATE_EPOCH", "12345", 1);
    setenv("POCKETMARK_TEST", "kept", 1);
    run = run_with(*state, "#!/bin/sh\necho $SOURCE_DATE_EPOCH $POCKETMARK_TEST\n", "", 0, 10);
    unsetenv("SOURCE_DATE_EPOCH");
    unsetenv("POCKETMARK_TEST");
    assert_int_equal(run.status, STATUS_OK);
    assert_string_equal(run.out, "0 kept\n");
    free(run.out);
}

#define SUBJECT(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUBJECT(test_hands_bytes_through),
        SUBJECT(test_says_nothing),
        SUBJECT(test_much),
        SUBJECT(test_missing),
        SUBJECT(test_not_executable),
        SUBJECT(test_no_program),
        SUBJECT(test_exit_code),
        SUBJECT(test_crash),
        SUBJECT(test_hangs),
        SUBJECT(test_leaves_a_child),
        SUBJECT(test_signals),
        SUBJECT(test_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
