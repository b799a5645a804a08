/* The fault table of tests/faults.c: every call it wraps fails when told to, and only then. The program runs itself with
 * the table preloaded and the name of one call, and looks at how that call came out. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOT_AS_ASKED = 250, REFUSED = 99 }; /* exit statuses: the call came out short; the table was refused */

/* ---- the calls, made in the child: 0 or errno ---------------------------------------------------------------------- */

static int outcome(bool well)
{
    return well ? 0 : errno ? errno : NOT_AS_ASKED;
}

static int call_open(const char *path)
{
    return outcome(open(path, O_RDONLY) >= 0);
}

static int call_openat(const char *path)
{
    return outcome(openat(AT_FDCWD, path, O_RDONLY) >= 0);
}

static int call_fopen(const char *path)
{
    return outcome(fopen(path, "r") != NULL);
}

static int call_opendir(const char *path)
{
    (void)path;
    return outcome(opendir("/") != NULL);
}

static int call_read(const char *path)
{
    char bytes[2];
    return outcome(read(open(path, O_RDONLY), bytes, sizeof bytes) == (ssize_t)sizeof bytes);
}

static int call_pread(const char *path)
{
    char bytes[2];
    return outcome(pread(open(path, O_RDONLY), bytes, sizeof bytes, 1) == (ssize_t)sizeof bytes);
}

static int call_fgets(const char *path)
{
    char line[16];
    FILE *stream = fopen(path, "r");
    if (!stream)
        return errno;
    if (!fgets(line, sizeof line, stream))
        return ferror(stream) ? errno : EINVAL;
    return outcome(strcmp(line, "content\n") == 0 && fclose(stream) == 0);
}

static int call_write(const char *path)
{
    return outcome(write(open(path, O_WRONLY), "conte", 5) == 5);
}

static int call_dprintf(const char *path)
{
    return outcome(dprintf(open(path, O_WRONLY), "%s\n", "content") == 8);
}

static int call_fprintf(const char *path)
{
    FILE *stream = fopen(path, "w");
    if (!stream)
        return errno;
    fprintf(stream, "content\n");
    bool flushed = fflush(stream) == 0;
    int error = outcome(flushed);
    if (flushed && fsync(fileno(stream)) != 0)
        error = errno;
    fclose(stream);
    return error;
}

static int call_fsync(const char *path)
{
    return outcome(fsync(open(path, O_WRONLY)) == 0);
}

static int call_fdatasync(const char *path)
{
    return outcome(fdatasync(open(path, O_WRONLY)) == 0);
}

static int call_rename(const char *path)
{
    return outcome(rename(path, path) == 0);
}

static int call_mkdir(const char *path)
{
    int error = outcome(mkdir(path, 0700) == 0); /* the file is there: EEXIST unless told otherwise */
    return error == EEXIST ? 0 : error;
}

static int call_mmap(const char *path)
{
    return outcome(mmap(NULL, 8, PROT_READ, MAP_PRIVATE, open(path, O_RDONLY), 0) != MAP_FAILED);
}

static int call_mmap_anonymous(const char *path)
{
    (void)path;
    return outcome(mmap(NULL, 8, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static int call_fork(const char *path)
{
    (void)path;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    int error = outcome(child > 0);
    if (child > 0)
        waitpid(child, NULL, 0);
    return error;
}

/* Opens three times; bit i of the outcome is set if time i failed. */
static int call_open_thrice(const char *path)
{
    int failed = 0;
    for (int i = 0; i < 3; i++)
        failed |= (open(path, O_RDONLY) < 0) << i;
    return failed;
}

static const struct call {
    const char *name;
    int (*make)(const char *path);
} calls[] = {
    {"open", call_open},       {"openat", call_openat},
    {"fopen", call_fopen},     {"opendir", call_opendir},
    {"read", call_read},       {"pread", call_pread},
    {"fgets", call_fgets},     {"write", call_write},
    {"dprintf", call_dprintf}, {"fprintf", call_fprintf},
    {"fsync", call_fsync},     {"fdatasync", call_fdatasync},
    {"rename", call_rename},   {"mkdir", call_mkdir},
    {"mmap", call_mmap},       {"mmap anonymous", call_mmap_anonymous},
    {"fork", call_fork},       {"open thrice", call_open_thrice},
};
enum { CALLS_COUNT = sizeof calls / sizeof *calls };

static int child_main(const char *name, const char *path)
{
    for (size_t i = 0; i < CALLS_COUNT; i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].make(path);
    return 255;
}

/* ---- the parent ------------------------------------------------------------------------------------------------------ */

struct world {
    char program[4096], library[4200], file[4200];
};

static int world_make(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    if (!world || readlink("/proc/self/exe", world->program, sizeof world->program - 1) <= 0)
        return -1;
    int folder = (int)(strrchr(world->program, '/') - world->program);
    snprintf(world->library, sizeof world->library, "%.*s/faults.so", folder, world->program);
    snprintf(world->file, sizeof world->file, "%.*s/faults-XXXXXX.json", folder, world->program);
    int fd = mkstemps(world->file, 5);
    if (fd < 0 || write(fd, "content\n", 8) != 8)
        return -1;
    return close(fd);
}

static int world_free(void **state)
{
    struct world *world = *state;
    int removed = unlink(world->file);
    free(world);
    return removed;
}

/* Exit status of this program making call `name` under the table; 256 + signal if one ended it. */
static int run_under(const struct world *world, const char *table, const char *name)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("LD_PRELOAD", world->library, 1);
        setenv("POCKETMARK_FAULTS", table, 1);
        setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
        execl(world->program, world->program, name, world->file, (char *)NULL);
        _exit(254);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void nothing_fails_without_a_row(void **state)
{
    assert_int_equal(access(((struct world *)*state)->library, R_OK), 0);
    for (size_t i = 0; i < CALLS_COUNT; i++) {
        assert_int_equal(run_under(*state, "", calls[i].name), 0);
        assert_int_equal(run_under(*state, "read:elsewhere:EIO,write:/else:EIO:2", calls[i].name), 0);
    }
}

static void every_call_fails_when_told(void **state)
{
    static const struct {
        const char *name, *table;
        int error;
    } cases[] = {
        {"open", "open:faults-:EACCES", EACCES},
        {"openat", "open:*:EMFILE", EMFILE},
        {"fopen", "open:.json:ENOENT", ENOENT},
        {"opendir", "opendir:/:EACCES", EACCES},
        {"read", "read:faults-:EIO", EIO},
        {"pread", "read:faults-:EIO", EIO},
        {"fgets", "read:faults-:EIO", EIO},
        {"write", "write:faults-:ENOSPC", ENOSPC},
        {"dprintf", "write:faults-:ENOSPC", ENOSPC},
        {"fprintf", "write:faults-:ENOSPC", ENOSPC},
        {"fprintf", "write:elsewhere:EIO,fsync:faults-:EDQUOT", EDQUOT},
        {"fprintf", "write:faults-:EIO:2,fsync:*:EDQUOT", EDQUOT}, /* fileno of a watched stream */
        {"fsync", "fsync:*:EIO", EIO},
        {"fdatasync", "fsync:*:EIO", EIO},
        {"rename", "rename:*:EXDEV", EXDEV},
        {"mkdir", "mkdir:faults-:EROFS", EROFS},
        {"mmap", "mmap:faults-:ENOMEM", ENOMEM},
        {"fork", "fork:*:EAGAIN", EAGAIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(run_under(*state, cases[i].table, cases[i].name), cases[i].error);
}

static void counted_calls(void **state)
{
    assert_int_equal(run_under(*state, "open:faults-:EIO:1", "open thrice"), 1);
    assert_int_equal(run_under(*state, "open:faults-:EIO:2", "open thrice"), 2);
    assert_int_equal(run_under(*state, "open:faults-:EIO:2+", "open thrice"), 6);
    assert_int_equal(run_under(*state, "open:faults-:EIO:4", "open thrice"), 0);
    assert_int_equal(run_under(*state, "open:faults-:EIO:1,open:*:EIO:1", "open thrice"), 3);
}

static void short_transfers(void **state)
{
    assert_int_equal(run_under(*state, "read:faults-:SHORT", "read"), NOT_AS_ASKED);
    assert_int_equal(run_under(*state, "read:faults-:SHORT", "pread"), NOT_AS_ASKED);
    assert_int_equal(run_under(*state, "write:faults-:SHORT", "write"), NOT_AS_ASKED);
    assert_int_equal(run_under(*state, "read:faults-:SHORT", "fgets"), 0);
    assert_int_equal(run_under(*state, "write:faults-:SHORT", "fprintf"), 0);
    assert_int_equal(run_under(*state, "write:faults-:SHORT", "dprintf"), 0);
}

static void a_bad_table_ends_the_process(void **state)
{
    static const char *const tables[] = {
        "open",         "open:x",        "open::",       "opne:x:EIO",      "open:x:EWRONG",
        "open:x:EIO:0", "open:x:EIO:2-", "open:x:SHORT", "read:x:EIO,write"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        assert_int_equal(run_under(*state, tables[i], "open"), REFUSED);
}

static void paths_may_hold_colons(void **state)
{
    assert_int_equal(run_under(*state, "open:0000:00:02.0:EIO,open:faults-:EACCES", "open"), EACCES);
    assert_int_equal(run_under(*state, "open:0000:00:02.0:EIO:3", "open"), 0);
}

int main(int count, char **arguments)
{
    if (count == 3)
        return child_main(arguments[1], arguments[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_fails_without_a_row),
        cmocka_unit_test(every_call_fails_when_told),
        cmocka_unit_test(counted_calls),
        cmocka_unit_test(short_transfers),
        cmocka_unit_test(a_bad_table_ends_the_process),
        cmocka_unit_test(paths_may_hold_colons),
    };
    return cmocka_run_group_tests(tests, world_make, world_free);
}
