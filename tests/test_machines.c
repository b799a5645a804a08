/* The recorded machines: each is found to be what facts.txt says of it, which people wrote from the makers' figures; every value
 * of the device block has a source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

#include "runner/detect.h"
#include "devices/tree.h"

#define MACHINES "tests/machines/"

enum { FACTS_LEAST = 15 };

static void read_device(struct facts *facts, const char *root, bool sources)
{
    struct host *host = test_malloc(sizeof *host);
    struct memory memory;
    struct error error;
    bool readable;

    assert_int_equal(host_read(host, root, &error), STATUS_OK);
    readable = memory_read(&memory, root, &error) == STATUS_OK;
    detect_device(facts, host, readable ? &memory : NULL, root);
    if (sources)
        detect_sources(facts, host);
    assert_false(facts->failed);
    test_free(host);
}

static void write_value(const struct fact *fact, char *text, size_t size)
{
    switch (fact->type) {
    case FACT_TEXT:
        snprintf(text, size, "%s", fact->text);
        return;
    case FACT_INTEGER:
        snprintf(text, size, "%" PRId64, fact->integer);
        return;
    case FACT_NUMBER:
        snprintf(text, size, "%.17g", fact->number);
        return;
    case FACT_BOOLEAN:
        snprintf(text, size, "%s", fact->boolean ? "true" : "false");
        return;
    case FACT_NULL:
        snprintf(text, size, "null");
    }
}

/* "path = value"; returns whether the line is a fact. */
static bool check_line(const struct facts *facts, const char *machine, char *line)
{
    char *equals = strstr(line, " = "), value[600];
    const struct fact *fact;

    if (line[0] == '#' || !line[0])
        return false;
    if (!equals)
        fail_msg("%s: '%s' is no fact; write 'path = value'", machine, line);
    *equals = '\0';
    fact = facts_find(facts, line);
    if (!fact)
        fail_msg("%s: there is no %s", machine, line);
    write_value(fact, value, sizeof value);
    if (strcmp(value, equals + 3) != 0)
        fail_msg("%s: %s is '%s' instead of '%s'", machine, line, value, equals + 3);
    return true;
}

static void check_machine(const char *name)
{
    char root[300];
    struct facts facts = {0};
    int problem;
    char *text, *cursor;
    size_t count = 0;

    snprintf(root, sizeof root, MACHINES "%s", name);
    text = cursor = tree_read_all(root, "facts.txt", &problem);
    if (!text)
        fail_msg("%s/facts.txt: %s", root, strerror(-problem));
    read_device(&facts, root, false);
    while (cursor)
        count += check_line(&facts, name, strsep(&cursor, "\n"));
    if (count < FACTS_LEAST)
        fail_msg("%s: %zu facts are fewer than %d", name, count, FACTS_LEAST);
    facts_free(&facts);
    free(text);
}

/* Calls check with the name of every recorded machine. */
static void each_machine(void (*check)(const char *name))
{
    DIR *folder = opendir(MACHINES);
    size_t count = 0;

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            check(entry->d_name);
            count++;
        }
    closedir(folder);
    assert_true(count >= 8);
}

static void test_facts(void **state)
{
    (void)state;
    each_machine(check_machine);
}

/* ---- sources ----------------------------------------------------------------------------------------------------------- */

/* The path itself, or an object or list that it stands in, has a source; or it names one beside it. */
static bool has_source(const struct facts *facts, const char *path)
{
    static const char *const own[] = {"accelerators", "energy_sources", "sensors"};
    char outer[300];
    size_t begin = strlen("sources.");

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strncmp(path, own[i], strlen(own[i])) == 0)
            return true;
    snprintf(outer, sizeof outer, "sources.%s", path);
    while (strlen(outer) > begin) {
        const struct fact *source = facts_find(facts, outer);
        size_t cut = strlen(outer);
        if (source && source->type == FACT_TEXT && *source->text)
            return true;
        while (cut > begin && outer[--cut] != '.' && outer[cut] != '[')
            ;
        outer[cut] = '\0';
    }
    return false;
}

static void check_sources(const char *name)
{
    char root[300];
    struct facts facts = {0};

    snprintf(root, sizeof root, MACHINES "%s", name);
    read_device(&facts, root, true);
    for (size_t i = 0; i < facts.count; i++) {
        const char *path = facts.items[i].path;
        if (strncmp(path, "sources.", 8) != 0 && !has_source(&facts, path))
            fail_msg("%s: nothing tells where %s comes from", name, path);
    }
    facts_free(&facts);
}

static void test_sources(void **state)
{
    (void)state;
    each_machine(check_sources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_sources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
