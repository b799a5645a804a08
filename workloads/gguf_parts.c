#include "workloads/gguf_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* "-00001-of-00003": numbers from 1, five digits each (llama.cpp's llama_split_path). */
enum { MARK_LENGTH = 15 };

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t end_length = strlen(end);

    return length >= end_length && memcmp(text + length - end_length, end, end_length) == 0;
}

/* Is there the mark of a part at `mark`? */
static bool read_mark(const char *mark, size_t *number, size_t *count)
{
    static const char pattern[] = "-ddddd-of-ddddd";

    for (size_t i = 0; i < MARK_LENGTH; i++)
        if (pattern[i] == 'd' ? mark[i] < '0' || mark[i] > '9' : mark[i] != pattern[i])
            return false;
    *number = strtoul(mark + 1, NULL, 10);
    *count = strtoul(mark + 10, NULL, 10);
    return true;
}

size_t gguf_stem_length(const char *name)
{
    size_t length = strlen(name), number, count;

    if (length <= 5 || !ends_with(name, length, ".gguf"))
        return length;
    length -= 5;
    if (length > MARK_LENGTH && read_mark(name + length - MARK_LENGTH, &number, &count))
        length -= MARK_LENGTH;
    return length;
}

/* A read-only mapping of a regular, non-empty file. */
static enum status map_file(struct gguf_part *part, const char *path, struct error *error)
{
    /* Without O_NONBLOCK a named pipe would wait for its writer. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum status status = STATUS_OK;
    struct stat about;
    void *bytes;

    if (file < 0)
        return error_set(error, STATUS_IO, "cannot open: %s", strerror(errno));
    if (fstat(file, &about) < 0)
        status = error_set(error, STATUS_IO, "cannot look at it: %s", strerror(errno));
    else if (!S_ISREG(about.st_mode))
        status = error_set(error, STATUS_IO, "is %s; give the path of a GGUF file",
                           S_ISDIR(about.st_mode) ? "a folder" : "not a regular file");
    else if (about.st_size == 0)
        status = error_set(error, STATUS_FORMAT, "is empty");
    else if ((uint64_t)about.st_size > SIZE_MAX)
        status = error_set(error, STATUS_UNSUPPORTED, "is too large for this machine's addresses");
    if (status)
        goto out;
    bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
        status = error_set(error, STATUS_IO, "cannot map %zu bytes: %s", (size_t)about.st_size, strerror(errno));
        goto out;
    }
    madvise(bytes, (size_t)about.st_size, MADV_SEQUENTIAL);
    *part = (struct gguf_part){.bytes = bytes, .size = (size_t)about.st_size, .mapped = true, .path = strdup(path)};
out:
    close(file);
    return status;
}

static void close_part(struct gguf_part *part)
{
    gguf_index_free(&part->index);
    if (part->mapped)
        munmap((void *)part->bytes, part->size);
    free(part->path);
    *part = (struct gguf_part){0};
}

static enum status open_part(struct gguf_part *part, const char *path, struct error *error)
{
    enum status status = map_file(part, path, error);

    if (!status)
        status = gguf_index_read(&part->index, part->bytes, part->size, error);
    if (!status)
        return STATUS_OK;
    close_part(part);
    return error ? error_prefix(error, "%s", path) : status;
}

/* Value of a split.* key; `absent` where there is none. */
static enum status read_split(const struct gguf_part *part, const char *key, uint64_t absent, uint64_t *value,
                              struct error *error)
{
    const struct gguf_pair *pair = gguf_index_pair(&part->index, key);

    *value = absent;
    return pair ? gguf_pair_count(pair, value, error) : STATUS_OK;
}

/* Part `number`, counted from 0, must say itself that it is that one of `count`, and of `tensors` in all. */
static enum status check_part(const struct gguf_part *part, size_t number, size_t count, uint64_t tensors,
                              struct error *error)
{
    const struct {
        const char *key;
        uint64_t wanted;
    } keys[] = {{"split.no", number}, {"split.count", count}, {"split.tensors.count", tensors}};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint64_t value;
        enum status status = read_split(part, keys[i].key, UINT64_MAX, &value, error);

        if (status)
            return status;
        if (value == UINT64_MAX)
            return error_set(error, STATUS_FORMAT, "key '%s' is missing", keys[i].key);
        if (value != keys[i].wanted)
            return error_set(error, STATUS_FORMAT, "key '%s': is %" PRIu64 ", but %s %" PRIu64, keys[i].key, value,
                             i == 0 ? "the file's name asks for" : "the other parts ask for", keys[i].wanted);
    }
    return STATUS_OK;
}

static enum status count_tensors(const struct gguf_parts *parts, uint64_t wanted, struct error *error)
{
    uint64_t found = 0;

    for (size_t i = 0; i < parts->count; i++)
        found += parts->items[i].index.entry_count;
    if (found != wanted)
        return error_set(error, STATUS_FORMAT,
                         "key 'split.tensors.count': is %" PRIu64 ", but the %zu parts hold %" PRIu64 " tensors",
                         wanted, parts->count, found);
    for (size_t i = 0; i < parts->count; i++)
        for (size_t j = 0; j < parts->items[i].index.entry_count; j++)
            for (size_t k = i + 1; k < parts->count; k++)
                if (gguf_index_find(&parts->items[k].index, parts->items[i].index.entries[j].name))
                    return error_set(error, STATUS_FORMAT, "tensor '%s' is there twice, in parts %zu and %zu",
                                     gguf_show(parts->items[i].index.entries[j].name).text, i + 1, k + 1);
    return STATUS_OK;
}

/* What the name and the keys of the file that was named say about the whole. */
struct split {
    size_t number, count; /* of that file; numbers from 0 */
    uint64_t tensors;
};

/* count is 1 for a file that is whole. */
static enum status read_plan(const struct gguf_part *part, const char *path, struct split *split, struct error *error)
{
    size_t length = strlen(path), number = 0, named = 0;
    bool marked = ends_with(path, length, ".gguf") && length > MARK_LENGTH + 5 &&
                  read_mark(path + length - 5 - MARK_LENGTH, &number, &named);
    uint64_t count;
    enum status status = read_split(part, "split.count", 1, &count, error);

    if (!status)
        status = read_split(part, "split.tensors.count", part->index.entry_count, &split->tensors, error);
    if (status)
        return status;
    *split = (struct split){0, 1, split->tensors};
    if (count <= 1)
        return STATUS_OK;
    if (count > GGUF_PARTS_MAX)
        return error_set(error, STATUS_UNSUPPORTED, "key 'split.count': is %" PRIu64 "; at most %d are supported",
                         count, GGUF_PARTS_MAX);
    if (!marked || named != count || number < 1 || number > count)
        return error_set(error, STATUS_FORMAT,
                         "key 'split.count': the model lies in %" PRIu64
                         " files, whose names must end in -00001-of-%05" PRIu64 ".gguf and so on",
                         count, count);
    *split = (struct split){number - 1, (size_t)count, split->tensors};
    return STATUS_OK;
}

/* Opens the parts beside the one that is in items[0] so far. */
static enum status open_others(struct gguf_parts *parts, const char *path, const struct split *split,
                               struct error *error)
{
    struct gguf_part *items = calloc(split->count, sizeof *items);
    enum status status = STATUS_OK;
    char other[PATH_MAX];

    if (!items)
        return error_set(error, STATUS_MEMORY, "no memory for %zu parts", split->count);
    items[split->number] = parts->items[0];
    free(parts->items);
    parts->items = items;
    parts->count = split->count;
    for (size_t i = 0; i < split->count && !status; i++) {
        snprintf(other, sizeof other, "%.*s-%05zu-of-%05zu.gguf", (int)(strlen(path) - 5 - MARK_LENGTH), path, i + 1,
                 split->count);
        if (i != split->number)
            status = open_part(&items[i], other, error);
        if (status)
            break;
        status = check_part(&items[i], i, split->count, split->tensors, error);
        if (status && error)
            error_prefix(error, "%s", other);
    }
    if (status)
        return status;
    status = count_tensors(parts, split->tensors, error);
    return status && error ? error_prefix(error, "%s", path) : status;
}

enum status gguf_parts_open(struct gguf_parts *parts, const char *path, struct error *error)
{
    struct split split;
    enum status status;

    *parts = (struct gguf_parts){.items = calloc(1, sizeof *parts->items), .count = 1};
    if (!parts->items)
        return error_set(error, STATUS_MEMORY, "%s: no memory to open a model", path);
    status = open_part(&parts->items[0], path, error);
    if (status)
        goto out;
    status = read_plan(&parts->items[0], path, &split, error);
    if (status && error)
        error_prefix(error, "%s", path);
    if (!status && split.count > 1)
        status = open_others(parts, path, &split, error);
out:
    if (status)
        gguf_parts_close(parts);
    return status;
}

enum status gguf_parts_read(struct gguf_parts *parts, const void *bytes, size_t size, const char *origin,
                            struct error *error)
{
    enum status status;
    uint64_t count;

    *parts = (struct gguf_parts){.items = calloc(1, sizeof *parts->items), .count = 1};
    if (!parts->items)
        return error_set(error, STATUS_MEMORY, "%s: no memory to open a model", origin);
    parts->items[0] = (struct gguf_part){.bytes = bytes, .size = size};
    status = gguf_index_read(&parts->items[0].index, bytes, size, error);
    if (!status)
        status = read_split(&parts->items[0], "split.count", 1, &count, error);
    if (!status && count > 1)
        status = error_set(error, STATUS_UNSUPPORTED,
                           "key 'split.count': the model lies in %" PRIu64 " files, of which this is one", count);
    if (status && error)
        error_prefix(error, "%s", origin);
    if (status)
        gguf_parts_close(parts);
    return status;
}

void gguf_parts_close(struct gguf_parts *parts)
{
    for (size_t i = 0; i < parts->count && parts->items; i++)
        close_part(&parts->items[i]);
    free(parts->items);
    *parts = (struct gguf_parts){0};
}

const struct gguf_entry *gguf_parts_entry(const struct gguf_parts *parts, const char *name,
                                          const struct gguf_part **part)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct gguf_entry *entry = gguf_index_entry(&parts->items[i].index, name);
        if (entry) {
            *part = &parts->items[i];
            return entry;
        }
    }
    return NULL;
}

static enum status drop_part(const struct gguf_part *part, struct error *error)
{
    int file = part->path ? open(part->path, O_RDONLY | O_CLOEXEC) : -1, problem;

    if (!part->path)
        return error_set(error, STATUS_UNSUPPORTED, "there is no file to drop from the page cache");
    if (file < 0)
        return error_set(error, STATUS_IO, "%s: %s", part->path, strerror(errno));
    /* pages that are mapped or not yet written stay whatever is advised */
    madvise((void *)part->bytes, part->size, MADV_DONTNEED);
    fdatasync(file);
    problem = posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
    return problem ? error_set(error, STATUS_IO, "%s: its pages cannot be dropped: %s", part->path, strerror(problem))
                   : STATUS_OK;
}

enum status gguf_parts_drop_cache(const struct gguf_parts *parts, double *kept_ratio, struct error *error)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 0, kept = 0;

    for (size_t i = 0; i < parts->count; i++) {
        const struct gguf_part *part = &parts->items[i];
        size_t count = (part->size + page - 1) / page;
        unsigned char *seen;
        enum status status = drop_part(part, error);

        if (status)
            return status;
        seen = malloc(count);
        if (!seen || mincore((void *)part->bytes, part->size, seen)) {
            free(seen);
            return error_set(error, STATUS_IO, "%s: the system does not tell what is cached of it", part->path);
        }
        for (size_t p = 0; p < count; p++)
            kept += seen[p] & 1;
        pages += count;
        free(seen);
    }
    *kept_ratio = pages ? (double)kept / (double)pages : 0;
    return STATUS_OK;
}
