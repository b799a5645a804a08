#include "reports/page/site_output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/input.h"
#include "reports/page/site_list.h"
#include "reports/page/site_walk.h"
#include "reports/page/writers.h"
#include "reports/save.h"

enum { CHARTS_AT_ONCE = 48, PAGES_AT_ONCE = 64 };

static const char MANIFEST_HEAD[] = "pocketmark site 1";
static const char *const folders[] = {"device", "model", "pair", "results"};

static enum status no_memory(const struct site_output *output, struct error *error)
{
    return error_set(error, STATUS_MEMORY, "%s: no memory for the site", output->folder);
}

/* ---- names -------------------------------------------------------------------------------------------------------------- */

static bool names_add(struct site_names *names, const char *name)
{
    char **item = list_add(&names->items, &names->count, sizeof *item);

    return item && (*item = strdup(name));
}

static void names_free(struct site_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (struct site_names){0};
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(struct site_names *names)
{
    if (names->count)
        qsort(names->items, names->count, sizeof *names->items, names_compare);
}

/* Of sorted names. */
static bool names_have(const struct site_names *names, const char *name)
{
    return names->count && bsearch(&name, names->items, names->count, sizeof *names->items, names_compare);
}

static bool ends_with(const char *text, size_t length, const char *end)
{
    return length > strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

bool site_name_ours(const char *name)
{
    const char *slash = strchr(name, '/'), *own = slash ? slash + 1 : name;
    const char *suffix = strncmp(name, "results/", 8) == 0 ? ".json" : ".html";
    size_t length = strlen(own), stem = strspn(own, "abcdefghijklmnopqrstuvwxyz0123456789-");
    bool known = !slash && strncmp(own, "index", 5) == 0;

    for (size_t i = 0; slash && i < sizeof folders / sizeof *folders; i++)
        known |= (size_t)(slash - name) == strlen(folders[i]) && strncmp(name, folders[i], strlen(folders[i])) == 0;
    return known && ends_with(own, length, suffix) && stem == length - strlen(suffix);
}

/* The path of a name below the folder, to be freed; NULL: no memory. */
static char *path_of(const struct site_output *output, const char *name)
{
    char *path;

    return asprintf(&path, "%s/%s", output->folder, name) < 0 ? NULL : path;
}

/* ---- the manifest ------------------------------------------------------------------------------------------------------- */

/* Names that this program would not give are not taken: nothing else is ever removed. */
static enum status manifest_take(struct site_output *output, char *text, struct error *error)
{
    char *rest = text, *line = strsep(&rest, "\n");

    if (strcmp(line, MANIFEST_HEAD) != 0)
        return error_set(error, STATUS_IO, "%s/%s: is no list of a site that this program wrote: name another folder",
                         output->folder, SITE_MANIFEST);
    while ((line = strsep(&rest, "\n")))
        if (site_name_ours(line) && !names_add(&output->old, line))
            return no_memory(output, error);
    names_sort(&output->old);
    return STATUS_OK;
}

static enum status manifest_read(struct site_output *output, const char *path, struct error *error)
{
    char *text = NULL, *ended;
    size_t length;
    enum status status = input_read(path, &text, &length, error);

    ended = status ? NULL : realloc(text, length + 1);
    if (!status && !ended)
        status = no_memory(output, error);
    if (!status) {
        text = ended;
        text[length] = '\0';
        status = manifest_take(output, text, error);
    }
    free(text);
    return status;
}

static enum status manifest_write(const struct site_output *output, bool with_old, struct error *error)
{
    char *path = path_of(output, SITE_MANIFEST), *text = NULL;
    size_t length;
    FILE *out = path ? open_memstream(&text, &length) : NULL;
    enum status status = STATUS_OK;
    struct save save;

    if (!out) {
        free(path);
        return no_memory(output, error);
    }
    fprintf(out, "%s\n", MANIFEST_HEAD);
    for (size_t i = 0; i < output->now.count; i++)
        fprintf(out, "%s\n", output->now.items[i]);
    for (size_t i = 0; i < output->old.count && with_old; i++)
        if (!names_have(&output->now, output->old.items[i]))
            fprintf(out, "%s\n", output->old.items[i]);
    if (fclose(out) != 0)
        status = no_memory(output, error);
    else
        status = save_open(&save, path, error);
    if (!status && (status = save_write(&save, text, length, error)) != STATUS_OK)
        save_abandon(&save);
    else if (!status)
        status = save_commit(&save, error);
    free(text);
    free(path);
    return status;
}

/* ---- the folder --------------------------------------------------------------------------------------------------------- */

/* But for hidden files. */
static enum status folder_check_empty(const char *folder, struct error *error)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    enum status status = STATUS_OK;

    if (!entries)
        return save_error(folder, "read the folder", error);
    while (!status && (entry = readdir(entries)))
        if (entry->d_name[0] != '.') /* a site may lie in a repository */
            status = error_set(error, STATUS_IO,
                               "%s: is not empty and no site of this program: name a new folder, or an earlier site",
                               folder);
    closedir(entries);
    return status;
}

enum status output_open(struct site_output *output, const char *folder, struct error *error)
{
    enum status status = STATUS_OK;
    struct stat about;
    char *manifest;

    *output = (struct site_output){.folder = folder};
    output->made = mkdir(folder, 0777) == 0;
    if (!output->made && errno != EEXIST)
        return save_error(folder, "make the folder", error);
    if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))
        return error_set(error, STATUS_IO, "%s: is a file: name a folder for the site", folder);
    if (access(folder, R_OK | W_OK | X_OK) != 0)
        return save_error(folder, "write to the folder", error);
    if (!(manifest = path_of(output, SITE_MANIFEST)))
        return no_memory(output, error);
    status = access(manifest, F_OK) == 0 ? manifest_read(output, manifest, error) : folder_check_empty(folder, error);
    free(manifest);
    return status;
}

enum status output_plan(struct site_output *output, const char *name, struct error *error)
{
    char *path = path_of(output, name);
    bool foreign = path && !names_have(&output->old, name) && access(path, F_OK) == 0;

    free(path);
    if (foreign)
        return error_set(error, STATUS_IO, "%s/%s: is there and not of this site: move it, or name another folder",
                         output->folder, name);
    return path && names_add(&output->now, name) ? STATUS_OK : no_memory(output, error);
}

static enum status folders_make(const struct site_output *output, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < sizeof folders / sizeof *folders && !status; i++) {
        char *path = path_of(output, folders[i]);
        if (!path)
            status = no_memory(output, error);
        else if (mkdir(path, 0777) != 0 && errno != EEXIST)
            status = save_error(path, "make the folder", error);
        free(path);
    }
    return status;
}

enum status output_begin(struct site_output *output, struct error *error)
{
    enum status status;

    names_sort(&output->now);
    for (size_t i = 1; i < output->now.count; i++)
        if (strcmp(output->now.items[i - 1], output->now.items[i]) == 0)
            return error_set(error, STATUS_IO, "%s/%s: two pages would be of that name; leave one of them out",
                             output->folder, output->now.items[i]);
    status = manifest_write(output, true, error);
    output->made = output->made && status;
    return status ? status : folders_make(output, error);
}

/* ---- files -------------------------------------------------------------------------------------------------------------- */

static bool has_bytes(const char *path, const char *bytes, size_t count)
{
    struct stat about;
    char *text = NULL;
    size_t length;
    bool same = stat(path, &about) == 0 && S_ISREG(about.st_mode) && (size_t)about.st_size == count &&
                input_read(path, &text, &length, NULL) == STATUS_OK && length == count &&
                (count == 0 || memcmp(text, bytes, count) == 0);

    free(text);
    return same;
}

enum status output_file(struct site_output *output, const char *name, const char *bytes, size_t count,
                        struct error *error)
{
    char *path = path_of(output, name);
    enum status status = STATUS_OK;
    struct save save;

    if (!path)
        return no_memory(output, error);
    if (!has_bytes(path, bytes, count)) {
        status = save_open(&save, path, error);
        if (!status && (status = save_write(&save, bytes, count, error)) != STATUS_OK)
            save_abandon(&save);
        else if (!status)
            status = save_commit_unsynced(&save, error);
    }
    output->written += !status;
    free(path);
    return status;
}

/* ---- pages -------------------------------------------------------------------------------------------------------------- */

static size_t charts_list(const struct page *page, const struct chart **charts)
{
    size_t count = 0;

    for (size_t i = 0; i < page->section_count; i++)
        for (size_t k = 0; k < page->sections[i].block_count; k++)
            if (page->sections[i].blocks[k].kind == BLOCK_CHART) {
                if (charts)
                    charts[count] = page->sections[i].blocks[k].chart;
                count++;
            }
    return count;
}

static enum status page_put(struct site_output *output, const struct site_pending *pending,
                            const struct picture *pictures, struct error *error)
{
    bool below = strchr(pending->name, '/');
    struct page_style style = {.home = below                                 ? "../index.html"
                                       : strcmp(pending->name, "index.html") ? "index.html"
                                                                             : NULL,
                               .sorts = true,
                               .pictures = pictures,
                               .undrawn = output->undrawn};
    const struct page_writer *writer = page_writer_for_path(pending->name);
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    enum status status = out ? writer->write(&pending->page, &style, out, error) : no_memory(output, error);

    if (out && fclose(out) != 0 && !status)
        status = no_memory(output, error);
    if (!status)
        status = output_file(output, pending->name, text, length, error);
    free(text);
    return status;
}

/* Pages without charts are better than none: why they lack them is told on them, and by who asked for the site. */
static enum status charts_draw(struct site_output *output, const struct chart *const *charts, size_t count,
                               struct picture *pictures, struct error *error)
{
    struct error problem = {0};
    enum status status =
        output->gave_up || !count ? STATUS_OK : chart_draw(charts, count, CHART_SVG, pictures, &problem);

    if (!status)
        return STATUS_OK;
    output->gave_up = status == STATUS_UNSUPPORTED;
    free(output->undrawn);
    output->undrawn = strdup(problem.text);
    return output->undrawn ? STATUS_OK : no_memory(output, error);
}

static void pending_drop(struct site_output *output)
{
    for (size_t i = 0; i < output->pending_count; i++) {
        page_close(&output->pending[i].page);
        free(output->pending[i].name);
    }
    free(output->pending);
    output->pending = NULL;
    output->pending_count = output->pending_charts = 0;
}

static enum status pending_write(struct site_output *output, struct error *error)
{
    size_t count = output->pending_charts, first = 0;
    const struct chart **charts = calloc(count + 1, sizeof *charts);
    struct picture *pictures = calloc(count + 1, sizeof *pictures);
    enum status status = charts && pictures ? STATUS_OK : no_memory(output, error);

    for (size_t i = 0; i < output->pending_count && !status; i++)
        first += charts_list(&output->pending[i].page, charts + first);
    if (!status)
        status = charts_draw(output, charts, count, pictures, error);
    first = 0;
    for (size_t i = 0; i < output->pending_count && !status; i++) {
        status = page_put(output, &output->pending[i], pictures + first, error);
        first += charts_list(&output->pending[i].page, NULL);
    }
    for (size_t i = 0; pictures && i < count; i++)
        free(pictures[i].bytes);
    free(charts);
    free(pictures);
    pending_drop(output);
    return status;
}

enum status output_page(struct site_output *output, const char *name, struct page *page, struct error *error)
{
    struct site_pending *pending =
        page->failed ? NULL : list_add(&output->pending, &output->pending_count, sizeof *pending);

    if (!pending) {
        page_close(page);
        return no_memory(output, error);
    }
    pending->page = *page;
    *page = (struct page){0};
    if (!(pending->name = strdup(name)))
        return no_memory(output, error);
    output->pending_charts += charts_list(&pending->page, NULL);
    if (output->pending_charts < CHARTS_AT_ONCE && output->pending_count < PAGES_AT_ONCE)
        return STATUS_OK;
    return pending_write(output, error);
}

/* ---- the end ------------------------------------------------------------------------------------------------------------ */

static enum status stale_remove(struct site_output *output, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < output->old.count && !status; i++) {
        char *path;
        if (names_have(&output->now, output->old.items[i]))
            continue;
        if (!(path = path_of(output, output->old.items[i])))
            return no_memory(output, error);
        if (unlink(path) == 0)
            output->removed++;
        else if (errno != ENOENT)
            status = save_error(path, "remove", error);
        free(path);
    }
    return status;
}

/* One call for all files, in place of one each. */
static enum status folder_sync(const struct site_output *output, struct error *error)
{
    int folder = open(output->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum status status = folder >= 0 && syncfs(folder) == 0 ? STATUS_OK : save_error(output->folder, "sync", error);

    if (folder >= 0)
        close(folder);
    return status;
}

enum status output_end(struct site_output *output, struct error *error)
{
    enum status status = pending_write(output, error);

    if (!status)
        status = stale_remove(output, error);
    if (!status)
        status = folder_sync(output, error);
    return status ? status : manifest_write(output, false, error);
}

void output_close(struct site_output *output)
{
    if (output->made)
        rmdir(output->folder);
    names_free(&output->old);
    names_free(&output->now);
    pending_drop(output);
    free(output->undrawn);
    *output = (struct site_output){0};
}
