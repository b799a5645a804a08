/* One measuring run per machine: the lock between processes, in a file and in a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/lock.h"
#include "tests/scratch_tree.h"

struct rig {
    struct scratch_tree tree;
    char file[128];
    FILE *null;
    struct progress progress;
    volatile sig_atomic_t signal;
};

static struct rig *rig_open(void)
{
    struct rig *rig = calloc(1, sizeof *rig);

    scratch_open(&rig->tree);
    snprintf(rig->file, sizeof rig->file, "%s/lock", rig->tree.root);
    setenv("POCKETMARK_LOCK", rig->file, 1);
    rig->null = fopen("/dev/null", "w");
    progress_open(&rig->progress, rig->null, false, 0);
    return rig;
}

static void rig_close(struct rig *rig)
{
    fclose(rig->null);
    scratch_close(&rig->tree);
    free(rig);
}

static enum status take(struct rig *rig, struct lock *lock, bool wait, struct error *error)
{
    *error = (struct error){0};
    return lock_take(lock, wait, &rig->signal, &rig->progress, error);
}

/* A process that holds the lock until something is written to its pipe, or until it is killed. */
static pid_t start_holder(struct rig *rig, int ends[2])
{
    int ready[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        struct lock lock;
        struct error error;
        if (take(rig, &lock, false, &error) || write(ready[1], "x", 1) != 1 || read(ends[0], &byte, 1) != 1)
            _exit(1);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void test_the_second_is_told_who_holds_it(void **state)
{
    struct rig *rig = rig_open();
    struct lock lock;
    struct error error;
    char number[32];
    int ends[2], status;
    pid_t pid = start_holder(rig, ends);

    (void)state;
    snprintf(number, sizeof number, "process %ld)", (long)pid);
    assert_int_equal(take(rig, &lock, false, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, number));
    assert_non_null(strstr(error.text, "--wait"));
    lock_release(&lock);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(take(rig, &lock, false, &error), STATUS_OK);
    lock_release(&lock);
    rig_close(rig);
}

static void test_waiting_ends_with_the_holder(void **state)
{
    struct rig *rig = rig_open();
    struct lock lock;
    struct error error;
    int ends[2], status;
    pid_t pid = start_holder(rig, ends);

    (void)state;
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(take(rig, &lock, true, &error), STATUS_OK);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    lock_release(&lock);
    rig_close(rig);
}

static void test_waiting_ends_with_a_signal(void **state)
{
    struct rig *rig = rig_open();
    struct lock lock;
    struct error error;
    int ends[2], status;
    pid_t pid = start_holder(rig, ends);

    (void)state;
    rig->signal = SIGTERM;
    assert_int_equal(take(rig, &lock, true, &error), STATUS_INTERRUPTED);
    lock_release(&lock);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    rig_close(rig);
}

static void test_a_number_that_is_nobodys_is_not_told(void **state)
{
    struct rig *rig = rig_open();
    struct lock lock;
    struct error error;
    int ends[2], status;
    pid_t pid = start_holder(rig, ends);

    (void)state;
    scratch_write(&rig->tree, "lock", "99999999\n");
    assert_int_equal(take(rig, &lock, false, &error), STATUS_UNSUPPORTED);
    assert_null(strstr(error.text, "process"));
    scratch_write(&rig->tree, "lock", "-1 and more\n");
    assert_int_equal(take(rig, &lock, false, &error), STATUS_UNSUPPORTED);
    assert_null(strstr(error.text, "process"));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    rig_close(rig);
}

static void test_a_lock_that_cannot_be_opened(void **state)
{
    struct rig *rig = rig_open();
    struct lock lock;
    struct error error;
    char link[160];

    (void)state;
    setenv("POCKETMARK_LOCK", "/proc/none/lock", 1);
    assert_int_equal(take(rig, &lock, false, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/proc/none/lock"));
    lock_release(&lock);
    snprintf(link, sizeof link, "%s/link", rig->tree.root);
    assert_int_equal(symlink(rig->file, link), 0);
    setenv("POCKETMARK_LOCK", link, 1);
    assert_int_equal(take(rig, &lock, false, &error), STATUS_IO);
    lock_release(&lock);
    rig_close(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_second_is_told_who_holds_it),
        cmocka_unit_test(test_waiting_ends_with_the_holder),
        cmocka_unit_test(test_waiting_ends_with_a_signal),
        cmocka_unit_test(test_a_number_that_is_nobodys_is_not_told),
        cmocka_unit_test(test_a_lock_that_cannot_be_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
