#include "runner/resume.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devices/tree.h"

/* A journal of another form is of another program. */
#define JOURNAL_FORMAT "pocketmark.journal 1"
/* What begins so must not change; the second may, and is told. */
#define MUST  "must."
#define NOTED "noted."

enum status resume_result_path(const char *folder, char path[RESUME_RESULT_MAX], struct error *error)
{
    size_t length = strlen(folder), suffix = strlen(RESUME_FOLDER_SUFFIX);

    while (length > 1 && folder[length - 1] == '/')
        length--;
    if (length <= suffix || length >= JOURNAL_FOLDER_MAX ||
        memcmp(folder + length - suffix, RESUME_FOLDER_SUFFIX, suffix) != 0)
        return error_set(error, STATUS_MISUSE,
                         "--resume %s: name the folder of an unfinished run, such as results/20261122T170400Z-d-1.run",
                         folder);
    snprintf(path, RESUME_RESULT_MAX, "%.*s.json", (int)(length - suffix), folder);
    return STATUS_OK;
}

bool resume_is_finished(const char *folder, char path[RESUME_RESULT_MAX])
{
    struct journal journal;
    struct error ignored = {0};
    const char *result;
    bool finished = false;

    if (resume_result_path(folder, path, &ignored) || access(path, F_OK) != 0)
        return false;
    if (access(folder, F_OK) != 0)
        return true;
    if (journal_load(&journal, folder, &ignored) == STATUS_OK && (result = journal_result(&journal)))
        finished = true;
    journal_close(&journal);
    return finished;
}

/* ---- options ---- */

enum status resume_options(struct options *options, const struct options *given, const struct journal *journal,
                           struct error *error)
{
    const struct event *plan = journal_plan(journal);
    struct error cause = {0};

    *options = (struct options){0};
    if (given->argument_count)
        return error_set(error, STATUS_MISUSE, "--resume: the journal tells what to run; leave out '%s'",
                         given->arguments[0]);
    for (int i = 0; i < OPTION_COUNT; i++)
        if (options_given(given, (enum option_id)i) && i != OPTION_RESUME && i != OPTION_QUIET && i != OPTION_WAIT &&
            i != OPTION_KEEP_JOURNAL && i != OPTION_REQUIRE_QUIET)
            return error_set(error, STATUS_MISUSE, "--resume: the journal tells what to run; leave out --%s",
                             options_name((enum option_id)i));
    if (options_parse(options, COMMAND_RUN, (int)plan->string_count, plan->strings, &cause) == STATUS_OK &&
        !options->help && !options_given(options, OPTION_RESUME))
        return STATUS_OK;
    return error_set(error, STATUS_FORMAT, "%s: its arguments make no run%s%s", journal->folder,
                     cause.status ? ": " : "", cause.text);
}

/* ---- what a run is ---- */

/* The boot, told apart from others without telling which it is; empty where the system does not tell. */
static void hash_boot(char hex[DIGEST_HEX])
{
    char id[64];

    *hex = '\0';
    if (tree_read_line(NULL, "proc/sys/kernel/random/boot_id", id, sizeof id))
        digest_bytes(id, strlen(id), hex);
}

static void tell(struct facts *facts, const char *group, const char *name, const char *text)
{
    char path[400];

    snprintf(path, sizeof path, "%s%s", group, name);
    facts_text(facts, path, NULL, text);
}

static const char *text_at(const struct facts *facts, const char *path)
{
    const struct fact *fact = facts_find(facts, path);

    return fact && fact->type == FACT_TEXT ? fact->text : "";
}

/* The programs and the model files of a record's cells, each once: of a file its head and sizes, and all of it where that hash was
 * asked for. */
static void tell_files(struct facts *facts, const struct record *record, size_t number)
{
    static const char *const hashes[][2] = {{"index_sha256", "file"}, {"file_sha256", "whole file"}};

    for (size_t i = 0; i < record->cell_count; i++) {
        const struct cell *cell = &record->cells[i];
        char name[300];
        snprintf(name, sizeof name, "engine %s of contender %zu", text_at(&cell->engine, "name"), number);
        tell(facts, MUST, name, text_at(&cell->engine, "binary_sha256"));
        for (size_t h = 0; h < sizeof hashes / sizeof *hashes; h++) {
            if (!*text_at(&cell->model, hashes[h][0]))
                continue;
            snprintf(name, sizeof name, "%s of model %s, shape %.16s", hashes[h][1], text_at(&cell->model, "name"),
                     text_at(&cell->model, "shape_sha256"));
            tell(facts, MUST, name, text_at(&cell->model, hashes[h][0]));
        }
    }
}

void resume_describe(struct event *plan, const struct record *const *records, size_t count, const struct memory *memory)
{
    static const char *const noted[] = {"governor", "power_source", "transparent_hugepage"};
    struct facts *facts = &plan->facts;
    char boot[DIGEST_HEX], path[48];

    tell(facts, MUST, "format of the journal", JOURNAL_FORMAT);
    tell(facts, MUST, "program", text_at(&records[0]->tool, "build_id_sha256"));
    tell(facts, MUST, "plan", text_at(&records[0]->workload, "definition_sha256"));
    tell(facts, MUST, "device", text_at(&records[0]->device, "device_id"));
    for (size_t i = 0; i < count; i++) {
        tell_files(facts, records[i], i);
        snprintf(path, sizeof path, "result_id[%zu]", i);
        facts_text(facts, path, NULL, records[i]->result_id);
        snprintf(path, sizeof path, "created[%zu]", i);
        facts_text(facts, path, NULL, records[i]->created);
    }
    hash_boot(boot);
    tell(facts, NOTED, "boot", boot);
    for (size_t i = 0; i < sizeof noted / sizeof *noted; i++)
        tell(facts, NOTED, noted[i], text_at(&records[0]->environment, noted[i]));
    facts_number(facts, "memory_usable_bytes", NULL, (double)memory->usable_bytes);
    facts_text(facts, "memory_binding", NULL, memory->binding);
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Names of the group's facts that are not the same in both, with commas; empty: all are. */
static void list_changes(const struct facts *then, const struct facts *now, const char *group, char *list, size_t size)
{
    size_t used = 0;

    *list = '\0';
    for (int pass = 0; pass < 2; pass++) { /* what differs or is new; then what is gone */
        const struct facts *from = pass ? then : now, *other = pass ? now : then;
        for (size_t i = 0; i < from->count; i++) {
            const char *path = from->items[i].path;
            const struct fact *match = facts_find(other, path);
            bool same = match && (pass || strcmp(text_at(from, path), text_at(other, path)) == 0);
            if (!has_prefix(path, group) || same || used >= size)
                continue;
            used += (size_t)snprintf(list + used, size - used, "%s%s", used ? ", " : "", path + strlen(group));
        }
    }
}

enum status resume_check(const struct journal *journal, const struct event *now, struct error *error)
{
    char changes[300];

    list_changes(&journal_plan(journal)->facts, &now->facts, MUST, changes, sizeof changes);
    if (!*changes)
        return STATUS_OK;
    return error_set(error, STATUS_UNLIKE,
                     "%s: not the run that was begun here: changed: %s. Bring that back, or run anew", journal->folder,
                     changes);
}

/* ---- going on ---- */

/* Resumptions so far, this one included. *restarted: one of them was on another boot than the first session. *old_events: what
 * was written before this boot. */
static size_t count_resumptions(const struct journal *journal, const struct event *now, bool *restarted,
                                size_t *old_events)
{
    const char *first = text_at(&journal_plan(journal)->facts, NOTED "boot");
    const char *boot = text_at(&now->facts, NOTED "boot"), *session = first;
    size_t count = 1;

    *restarted = strcmp(boot, first) != 0;
    *old_events = 0;
    for (size_t i = 1; i < journal->events.count; i++) {
        const struct event *event = &journal->events.items[i];
        if (event_is(event, "resume")) {
            session = text_at(&event->facts, NOTED "boot");
            count++;
            *restarted |= strcmp(session, first) != 0;
        }
        if (strcmp(session, boot) != 0)
            *old_events = i + 1;
    }
    return count;
}

static void adopt_identity(struct record *record, const struct facts *then, size_t number)
{
    char path[48];

    snprintf(path, sizeof path, "result_id[%zu]", number);
    if (strlen(text_at(then, path)) == sizeof record->result_id - 1)
        strcpy(record->result_id, text_at(then, path));
    snprintf(path, sizeof path, "created[%zu]", number);
    if (*text_at(then, path))
        snprintf(record->created, sizeof record->created, "%s", text_at(then, path));
}

void resume_adopt(struct journal *journal, const struct event *now, struct record *const *records, size_t count,
                  struct memory *memory)
{
    const struct facts *then = &journal_plan(journal)->facts;
    const struct fact *usable = facts_find(then, "memory_usable_bytes");
    bool restarted;
    size_t old_events, resumptions = count_resumptions(journal, now, &restarted, &old_events);
    char changes[200];

    journal_forget(journal, "roof", old_events);
    list_changes(then, &now->facts, NOTED, changes, sizeof changes);
    for (size_t i = 0; i < count; i++) {
        struct facts *environment = &records[i]->environment;
        adopt_identity(records[i], then, i);
        facts_integer(environment, "resumed_count", NULL, (int64_t)resumptions);
        facts_boolean(environment, "resumed_after_reboot", NULL, restarted);
        if (*changes)
            facts_text(environment, "resumed_changes", NULL, changes);
    }
    if (usable && usable->type == FACT_NUMBER && usable->number >= 0) {
        memory->usable_bytes = usable->number < 0x1p63 ? (uint64_t)usable->number : UINT64_MAX;
        snprintf(memory->binding, sizeof memory->binding, "%s", text_at(then, "memory_binding"));
    }
}
