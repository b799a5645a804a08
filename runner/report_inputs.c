#include "runner/report_inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/brief.h"
#include "reports/document.h"
#include "reports/input.h"
#include "reports/text.h"

/* ---- paths ------------------------------------------------------------------------------------------------------------ */

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_MEMORY, "no memory for the results");
}

/* Takes over path. */
static enum status path_add(char ***paths, size_t *count, char *path, struct error *error)
{
    char **larger = path ? realloc(*paths, (*count + 1) * sizeof *larger) : NULL;

    if (!larger) {
        free(path);
        return no_memory(error);
    }
    *paths = larger;
    larger[(*count)++] = path;
    return STATUS_OK;
}

void report_paths_free(char **paths, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    free(paths);
}

static int is_document(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum status add_folder(const char *folder, char ***paths, size_t *count, struct error *error)
{
    struct dirent **entries = NULL;
    size_t before = *count, length = strlen(folder);
    const char *between = length && folder[length - 1] == '/' ? "" : "/";
    int found = scandir(folder, &entries, is_document, by_name);
    enum status status = STATUS_OK;

    if (found < 0)
        return error_set(error, STATUS_IO, "%s: cannot read the folder: %s%s", folder, strerror(errno),
                         errno == ENOENT ? "; 'pocketmark run' makes results" : "");
    for (int i = 0; i < found; i++) {
        char *path = NULL;
        struct stat about;
        if (!status && asprintf(&path, "%s%s%s", folder, between, entries[i]->d_name) < 0)
            path = NULL;
        if (!status && path && stat(path, &about) == 0 && S_ISDIR(about.st_mode))
            free(path);
        else if (!status)
            status = path_add(paths, count, path, error);
        free(entries[i]);
    }
    free(entries);
    if (!status && *count == before)
        status =
            error_set(error, STATUS_IO, "%s: no file *.json is in that folder; 'pocketmark run' makes one", folder);
    return status;
}

enum status report_paths(const char *const *arguments, size_t count, char ***paths, size_t *path_count,
                         struct error *error)
{
    enum status status = STATUS_OK;
    struct stat about;

    *paths = NULL;
    *path_count = 0;
    for (size_t i = 0; i < count && !status; i++)
        status = stat(arguments[i], &about) == 0 && S_ISDIR(about.st_mode)
                     ? add_folder(arguments[i], paths, path_count, error)
                     : path_add(paths, path_count, strdup(arguments[i]), error);
    if (status) {
        report_paths_free(*paths, *path_count);
        *paths = NULL;
        *path_count = 0;
    }
    return status;
}

/* ---- the newest ------------------------------------------------------------------------------------------------------- */

enum { KIND_RESULT, KIND_PREDICTION, KIND_NONE };

/* What the index would keep of a file tells enough, and is read in a fraction of the time. */
static int glance(struct brief *brief, const char *path)
{
    struct error ignored = {0};
    char *text = NULL;
    size_t length;
    int kind = KIND_NONE;

    if (input_read(path, &text, &length, &ignored) == STATUS_OK &&
        brief_read(brief, text, length, &ignored) == STATUS_OK && strcmp(brief->origin, "imported") != 0)
        kind = brief->cell_count ? KIND_RESULT : KIND_PREDICTION;
    free(text);
    return kind;
}

/* Index of the newest file of that kind, of that device unless it is NULL; count where there is none. */
static size_t newest(char **paths, size_t count, int kind, const char *device, char found_device[64])
{
    struct brief brief = {0};
    char latest[sizeof brief.created] = "";
    size_t found = count;

    for (size_t i = 0; i < count; i++)
        if (glance(&brief, paths[i]) == kind && (!device || strcmp(device, brief.device_id) == 0) &&
            strcmp(brief.created, latest) >= 0) {
            snprintf(latest, sizeof latest, "%s", brief.created);
            snprintf(found_device, 64, "%s", brief.device_id);
            found = i;
        }
    brief_close(&brief);
    return found;
}

enum status report_paths_newest(const char *folder, char ***paths, size_t *path_count, struct error *error)
{
    char device[64], again[64], **all = NULL;
    size_t count = 0, result, prediction;
    enum status status = add_folder(folder, &all, &count, error);

    *paths = NULL;
    *path_count = 0;
    if (status) {
        report_paths_free(all, count);
        return error_prefix(error, "no result was named, and the newest cannot be had");
    }
    result = newest(all, count, KIND_RESULT, NULL, device);
    prediction = newest(all, count, KIND_PREDICTION, result < count ? device : NULL, again);
    if (result == count && prediction == count)
        status = error_set(error, STATUS_IO, "%s: none of the files in it was measured here; name one", folder);
    for (size_t i = 0; i < count; i++)
        if (!status && (i == result || i == prediction))
            status = path_add(paths, path_count, strdup(all[i]), error);
    report_paths_free(all, count);
    if (status) {
        report_paths_free(*paths, *path_count);
        *paths = NULL;
        *path_count = 0;
    }
    return status;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static void forget(struct report_inputs *inputs, size_t index)
{
    record_close(&inputs->records[index]);
    free(inputs->paths[index]);
    free(inputs->texts[index]);
}

/* The last one goes to the place of an earlier file of the same result, if there is one. */
static void replace_same(struct report_inputs *inputs, void (*warn)(const char *))
{
    size_t last = inputs->count - 1;
    char text[600];

    for (size_t i = 0; i < last; i++) {
        if (strcmp(inputs->records[i].result_id, inputs->records[last].result_id) != 0)
            continue;
        snprintf(text, sizeof text, "%.250s: the same result as %.250s, which is left out", inputs->paths[last],
                 inputs->paths[i]);
        warn(text);
        forget(inputs, i);
        inputs->records[i] = inputs->records[last];
        inputs->paths[i] = inputs->paths[last];
        inputs->texts[i] = inputs->texts[last];
        inputs->sources[i] = inputs->sources[last];
        inputs->count--;
        return;
    }
}

/* Takes over path where it succeeds. */
static enum status take(struct report_inputs *inputs, char *path, void (*warn)(const char *), struct error *error)
{
    size_t at = inputs->count, length;
    enum status status = input_read(path, &inputs->texts[at], &length, error);

    if (!status && (status = document_read(inputs->texts[at], length, &inputs->records[at], error)) != STATUS_OK) {
        record_close(&inputs->records[at]);
        error_prefix(error, "%s", path);
    }
    if (status) {
        free(inputs->texts[at]);
        return status;
    }
    inputs->paths[at] = path;
    inputs->sources[at] = (struct report_source){NULL, path, inputs->texts[at], length, NULL};
    inputs->count++;
    replace_same(inputs, warn);
    return STATUS_OK;
}

/* The files' own names as far as they tell the files apart; else paths, without the folders of people: reports are published. */
static void choose_names(struct report_inputs *inputs)
{
    bool alike = false;

    for (size_t i = 0; i < inputs->count; i++) {
        inputs->sources[i].name = basename(inputs->paths[i]);
        for (size_t k = 0; k < i && !alike; k++)
            alike = strcmp(inputs->sources[i].name, inputs->sources[k].name) == 0;
    }
    for (size_t i = 0; i < inputs->count && alike; i++) {
        text_hide_homes(inputs->paths[i]);
        inputs->sources[i].name = inputs->paths[i];
    }
}

enum status report_inputs_open(struct report_inputs *inputs, char **paths, size_t count, void (*warn)(const char *text),
                               struct error *error)
{
    bool room;
    enum status status = STATUS_OK;

    *inputs = (struct report_inputs){.sources = calloc(count, sizeof *inputs->sources),
                                     .records = calloc(count, sizeof *inputs->records),
                                     .paths = calloc(count, sizeof *inputs->paths),
                                     .texts = calloc(count, sizeof *inputs->texts)};
    room = inputs->sources && inputs->records && inputs->paths && inputs->texts;
    if (!room)
        status = no_memory(error);
    for (size_t i = 0; i < count; i++) {
        struct error problem = {0};
        if (room && take(inputs, paths[i], warn, &problem) == STATUS_OK)
            continue;
        free(paths[i]);
        if (!room)
            continue;
        if (status)
            warn(error->text); /* the last one is told by who asked */
        *error = problem;
        status = problem.status;
    }
    free(paths);
    for (size_t i = 0; i < inputs->count; i++)
        inputs->sources[i].record = &inputs->records[i];
    choose_names(inputs);
    return status;
}

void report_inputs_close(struct report_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        forget(inputs, i);
    free(inputs->sources);
    free(inputs->records);
    free(inputs->paths);
    free(inputs->texts);
    *inputs = (struct report_inputs){0};
}
