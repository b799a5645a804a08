#include "reports/page/site_walk.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/page/site_list.h"

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_MEMORY, "no memory for the list of results");
}

static enum status file_add(struct site_files *files, const char *path, const char *name, const char *why,
                            struct error *error)
{
    struct site_file *file = list_add(&files->items, &files->count, sizeof *file);

    if (!file)
        return no_memory(error);
    *file = (struct site_file){strdup(path), strdup(name), why ? strdup(why) : NULL};
    return file->path && file->name && (!why || file->why) ? STATUS_OK : no_memory(error);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_document(const FTSENT *entry)
{
    struct stat about;

    return (entry->fts_info == FTS_F ||
            (entry->fts_info == FTS_SL && stat(entry->fts_path, &about) == 0 && S_ISREG(about.st_mode))) &&
           entry->fts_namelen > 5 && strcmp(entry->fts_name + entry->fts_namelen - 5, ".json") == 0;
}

static bool is_site(const char *folder)
{
    char *path = NULL;
    bool found = asprintf(&path, "%s/%s", folder, SITE_MANIFEST) > 0 && access(path, F_OK) == 0;

    free(path);
    return found;
}

/* The path below the folder that was named. */
static const char *below(const FTSENT *entry, const char *folder)
{
    const char *rest = entry->fts_path + strlen(folder);

    while (*rest == '/')
        rest++;
    return *rest ? rest : entry->fts_name;
}

static enum status folder_add(struct site_files *files, const char *folder, struct error *error)
{
    char *root = strdup(folder), *roots[] = {root, NULL};
    FTS *tree = root ? fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name) : NULL;
    enum status status = tree ? STATUS_OK : no_memory(error);
    FTSENT *entry;

    while (!status && (entry = fts_read(tree))) {
        bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';
        if (entry->fts_info == FTS_D && (hidden || is_site(entry->fts_path)))
            fts_set(tree, entry, FTS_SKIP);
        else if (!hidden && is_document(entry))
            status = file_add(files, entry->fts_path, below(entry, folder), NULL, error);
        else if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS)
            status = file_add(files, entry->fts_path, below(entry, folder), strerror(entry->fts_errno), error);
    }
    if (tree)
        fts_close(tree);
    free(root);
    return status;
}

enum status site_files_find(struct site_files *files, const char *const *paths, size_t count, struct error *error)
{
    enum status status = STATUS_OK;
    struct stat about;

    *files = (struct site_files){0};
    for (size_t i = 0; i < count && !status; i++) {
        bool there = stat(paths[i], &about) == 0;
        const char *why = there ? NULL : strerror(errno);
        status = there && S_ISDIR(about.st_mode) ? folder_add(files, paths[i], error)
                                                 : file_add(files, paths[i], basename(paths[i]), why, error);
    }
    return status;
}

void site_files_close(struct site_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->items[i].path);
        free(files->items[i].name);
        free(files->items[i].why);
    }
    free(files->items);
    *files = (struct site_files){0};
}
