#include "workloads/gguf_index.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lengths and limits: GGUF specification, versions 2 and 3 (ggml docs/gguf.md). No model comes near the counts. */
enum {
    KEY_LENGTH_MAX = 65535,
    NAME_LENGTH_MAX = 64,
    PAIR_COUNT_MAX = 1 << 14,
    ENTRY_COUNT_MAX = 1 << 16,
    PAIR_BYTES_MIN = 8 + 1 + 4 + 1,
    ENTRY_BYTES_MIN = 8 + 1 + 4 + 8 + 4 + 8,
    ALIGNMENT_DEFAULT = 32,
    ALIGNMENT_MIN = 8,
    ALIGNMENT_MAX = 1 << 20,
};

static const struct {
    const char *name;
    size_t bytes; /* 0: not of one size */
} value_types[GGUF_TYPE_COUNT] = {
    [GGUF_U8] = {"u8", 1},         [GGUF_I8] = {"i8", 1},       [GGUF_U16] = {"u16", 2}, [GGUF_I16] = {"i16", 2},
    [GGUF_U32] = {"u32", 4},       [GGUF_I32] = {"i32", 4},     [GGUF_F32] = {"f32", 4}, [GGUF_BOOL] = {"bool", 1},
    [GGUF_STRING] = {"string", 0}, [GGUF_ARRAY] = {"array", 0}, [GGUF_U64] = {"u64", 8}, [GGUF_I64] = {"i64", 8},
    [GGUF_F64] = {"f64", 8},
};

/* Reads forward through the file and never past its end. */
struct cursor {
    const unsigned char *bytes;
    size_t size, position;
};

static uint64_t little_endian(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0;

    for (size_t i = 0; i < count; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static size_t bytes_left(const struct cursor *cursor)
{
    return cursor->size - cursor->position;
}

static bool skip(struct cursor *cursor, uint64_t count)
{
    if (count > bytes_left(cursor))
        return false;
    cursor->position += (size_t)count;
    return true;
}

static bool take(struct cursor *cursor, size_t count, uint64_t *value)
{
    const unsigned char *bytes = cursor->bytes + cursor->position;

    if (!skip(cursor, count))
        return false;
    *value = little_endian(bytes, count);
    return true;
}

static bool take_text(struct cursor *cursor, struct gguf_text *text)
{
    uint64_t length;

    if (!take(cursor, 8, &length))
        return false;
    text->bytes = (const char *)cursor->bytes + cursor->position;
    text->length = (size_t)length;
    return skip(cursor, length);
}

struct gguf_shown gguf_show(struct gguf_text text)
{
    struct gguf_shown shown;
    size_t length = text.length < sizeof shown.text ? text.length : sizeof shown.text - 1;

    for (size_t i = 0; i < length; i++)
        shown.text[i] = text.bytes[i] >= ' ' && text.bytes[i] <= '~' ? text.bytes[i] : '?';
    shown.text[length] = '\0';
    return shown;
}

static enum status fail_end(const struct cursor *cursor, const char *what, size_t number, struct error *error)
{
    return error_set(error, STATUS_FORMAT, "%s %zu runs past the end of the file (%zu bytes); is it cut short?", what,
                     number, cursor->size);
}

static enum status read_array(struct cursor *cursor, struct gguf_pair *pair, size_t number, struct error *error)
{
    struct gguf_text ignored;
    uint64_t type;

    if (!take(cursor, 4, &type) || !take(cursor, 8, &pair->count))
        return fail_end(cursor, "key-value pair", number, error);
    if (type >= GGUF_TYPE_COUNT || type == GGUF_ARRAY)
        return error_set(error, STATUS_FORMAT, "key '%s': an array of type %" PRIu64 "%s", gguf_show(pair->key).text,
                         type, type == GGUF_ARRAY ? ", that is of arrays, is not supported" : " does not exist");
    if (type != GGUF_STRING) {
        if (pair->count > bytes_left(cursor) / value_types[type].bytes ||
            !skip(cursor, pair->count * value_types[type].bytes))
            return fail_end(cursor, "key-value pair", number, error);
        return STATUS_OK;
    }
    for (uint64_t i = 0; i < pair->count; i++)
        if (!take_text(cursor, &ignored))
            return fail_end(cursor, "key-value pair", number, error);
    return STATUS_OK;
}

static enum status read_pair(struct cursor *cursor, struct gguf_pair *pair, size_t number, struct error *error)
{
    uint64_t type;

    if (!take_text(cursor, &pair->key) || !take(cursor, 4, &type))
        return fail_end(cursor, "key-value pair", number, error);
    if (pair->key.length < 1 || pair->key.length > KEY_LENGTH_MAX)
        return error_set(error, STATUS_FORMAT, "key-value pair %zu: the key is %zu bytes long; 1 to %d are allowed",
                         number, pair->key.length, KEY_LENGTH_MAX);
    if (type >= GGUF_TYPE_COUNT)
        return error_set(error, STATUS_FORMAT, "key '%s': value type %" PRIu64 " does not exist",
                         gguf_show(pair->key).text, type);
    pair->type = (enum gguf_type)type;
    pair->value = cursor->bytes + cursor->position;
    if (type == GGUF_ARRAY)
        return read_array(cursor, pair, number, error);
    if (type == GGUF_STRING ? !take_text(cursor, &pair->text) : !skip(cursor, value_types[type].bytes))
        return fail_end(cursor, "key-value pair", number, error);
    if (type == GGUF_BOOL && *pair->value > 1)
        return error_set(error, STATUS_FORMAT, "key '%s': a bool of value %d", gguf_show(pair->key).text, *pair->value);
    return STATUS_OK;
}

static enum status read_entry(struct cursor *cursor, struct gguf_entry *entry, size_t number, struct error *error)
{
    uint64_t dimension_count, type, product = 1;

    if (!take_text(cursor, &entry->name) || !take(cursor, 4, &dimension_count))
        return fail_end(cursor, "tensor", number, error);
    if (entry->name.length < 1 || entry->name.length > NAME_LENGTH_MAX)
        return error_set(error, STATUS_FORMAT, "tensor %zu: the name is %zu bytes long; 1 to %d are allowed", number,
                         entry->name.length, NAME_LENGTH_MAX);
    if (dimension_count < 1 || dimension_count > 4)
        return error_set(error, STATUS_FORMAT, "tensor '%s' has %" PRIu64 " dimensions; 1 to 4 are allowed",
                         gguf_show(entry->name).text, dimension_count);
    for (size_t i = 0; i < 4; i++) {
        entry->dimensions[i] = 1;
        if (i < dimension_count && !take(cursor, 8, &entry->dimensions[i]))
            return fail_end(cursor, "tensor", number, error);
        if (entry->dimensions[i] < 1 || entry->dimensions[i] > (uint64_t)INT64_MAX / product)
            return error_set(error, STATUS_FORMAT, "tensor '%s': dimension %zu is %" PRIu64 "; %s",
                             gguf_show(entry->name).text, i, entry->dimensions[i],
                             entry->dimensions[i] < 1 ? "it must be at least 1" : "the tensor would be too large");
        product *= entry->dimensions[i];
    }
    if (!take(cursor, 4, &type) || !take(cursor, 8, &entry->offset))
        return fail_end(cursor, "tensor", number, error);
    entry->type = (uint32_t)type;
    return STATUS_OK;
}

static int compare_texts(struct gguf_text a, struct gguf_text b)
{
    int order = memcmp(a.bytes, b.bytes, a.length < b.length ? a.length : b.length);

    return order ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_pairs(const void *a, const void *b)
{
    return compare_texts(((const struct gguf_pair *)a)->key, ((const struct gguf_pair *)b)->key);
}

static int compare_entries(const void *a, const void *b)
{
    return compare_texts(((const struct gguf_entry *)a)->name, ((const struct gguf_entry *)b)->name);
}

/* A count must be plausible before anything is allocated for it. */
static enum status check_count(const struct cursor *cursor, const char *what, uint64_t count, size_t least_bytes,
                               size_t most, struct error *error)
{
    if (count > most || count > bytes_left(cursor) / least_bytes)
        return error_set(error, STATUS_FORMAT,
                         "the header claims %" PRIu64 " %s; %zu bytes are left and at most %zu are supported", count,
                         what, bytes_left(cursor), most);
    return STATUS_OK;
}

static enum status read_header(struct cursor *cursor, uint64_t *entry_count, uint64_t *pair_count, struct error *error)
{
    uint64_t magic, version;
    enum status status;

    if (!take(cursor, 4, &magic) || memcmp(cursor->bytes, "GGUF", 4) != 0)
        return error_set(error, STATUS_FORMAT, "not a GGUF file: it does not begin with \"GGUF\"");
    if (!take(cursor, 4, &version) || !take(cursor, 8, entry_count) || !take(cursor, 8, pair_count))
        return error_set(error, STATUS_FORMAT, "the header runs past the end of the file (%zu bytes); is it cut short?",
                         cursor->size);
    if (version != 2 && version != 3)
        return error_set(error, STATUS_UNSUPPORTED, "GGUF version %" PRIu64 " is not supported; versions 2 and 3 are%s",
                         version, (version & 0xffff) == 0 ? " (is the file big-endian?)" : "");
    status = check_count(cursor, "tensors", *entry_count, ENTRY_BYTES_MIN, ENTRY_COUNT_MAX, error);
    if (!status)
        status = check_count(cursor, "key-value pairs", *pair_count, PAIR_BYTES_MIN, PAIR_COUNT_MAX, error);
    return status;
}

static enum status read_pairs(struct cursor *cursor, struct gguf_index *index, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < index->pair_count && !status; i++)
        status = read_pair(cursor, &index->pairs[i], i, error);
    if (status)
        return status;
    qsort(index->pairs, index->pair_count, sizeof *index->pairs, compare_pairs);
    for (size_t i = 1; i < index->pair_count; i++)
        if (compare_pairs(&index->pairs[i - 1], &index->pairs[i]) == 0)
            return error_set(error, STATUS_FORMAT, "key '%s' is there twice", gguf_show(index->pairs[i].key).text);
    return STATUS_OK;
}

static enum status read_entries(struct cursor *cursor, struct gguf_index *index, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < index->entry_count && !status; i++)
        status = read_entry(cursor, &index->entries[i], i, error);
    if (status)
        return status;
    qsort(index->entries, index->entry_count, sizeof *index->entries, compare_entries);
    for (size_t i = 1; i < index->entry_count; i++)
        if (compare_entries(&index->entries[i - 1], &index->entries[i]) == 0)
            return error_set(error, STATUS_FORMAT, "tensor '%s' is there twice",
                             gguf_show(index->entries[i].name).text);
    return STATUS_OK;
}

/* Finds where the data begins, behind the entries. */
static enum status place_data(const struct cursor *cursor, struct gguf_index *index, struct error *error)
{
    const struct gguf_pair *pair = gguf_index_pair(index, "general.alignment");
    uint64_t alignment = ALIGNMENT_DEFAULT, padding;

    if (pair) {
        enum status status = gguf_pair_count(pair, &alignment, error);
        if (status)
            return status;
    }
    if (alignment < ALIGNMENT_MIN || alignment > ALIGNMENT_MAX || (alignment & (alignment - 1)) != 0)
        return error_set(error, STATUS_FORMAT,
                         "key 'general.alignment': is %" PRIu64 "; must be a power of two from %d to %d", alignment,
                         ALIGNMENT_MIN, ALIGNMENT_MAX);
    padding = -(uint64_t)cursor->position & (alignment - 1);
    if (padding > bytes_left(cursor))
        return error_set(error, STATUS_FORMAT, "the file ends before its data begins (%zu bytes); is it cut short?",
                         cursor->size);
    index->data_offset = cursor->position + (size_t)padding;
    for (size_t i = 0; i < index->entry_count; i++)
        if (index->entries[i].offset % alignment != 0)
            return error_set(error, STATUS_FORMAT,
                             "tensor '%s': offset %" PRIu64 " is no multiple of the alignment, %" PRIu64,
                             gguf_show(index->entries[i].name).text, index->entries[i].offset, alignment);
    return STATUS_OK;
}

enum status gguf_index_read(struct gguf_index *index, const void *bytes, size_t size, struct error *error)
{
    struct cursor cursor = {bytes, size, 0};
    uint64_t entry_count = 0, pair_count = 0;
    enum status status = read_header(&cursor, &entry_count, &pair_count, error);

    *index = (struct gguf_index){0};
    if (status)
        return status;
    index->entry_count = (size_t)entry_count;
    index->pair_count = (size_t)pair_count;
    index->pairs = calloc(index->pair_count + 1, sizeof *index->pairs);
    index->entries = calloc(index->entry_count + 1, sizeof *index->entries);
    if (index->pairs && index->entries)
        status = read_pairs(&cursor, index, error);
    else
        status = error_set(error, STATUS_MEMORY, "no memory for %zu keys and %zu tensors", index->pair_count,
                           index->entry_count);
    if (!status)
        status = read_entries(&cursor, index, error);
    if (!status)
        status = place_data(&cursor, index, error);
    if (status)
        gguf_index_free(index);
    return status;
}

void gguf_index_free(struct gguf_index *index)
{
    free(index->pairs);
    free(index->entries);
    *index = (struct gguf_index){0};
}

const struct gguf_pair *gguf_index_pair(const struct gguf_index *index, const char *key)
{
    struct gguf_pair wanted = {.key = {key, strlen(key)}};

    return bsearch(&wanted, index->pairs, index->pair_count, sizeof *index->pairs, compare_pairs);
}

const struct gguf_entry *gguf_index_find(const struct gguf_index *index, struct gguf_text name)
{
    struct gguf_entry wanted = {.name = name};

    return bsearch(&wanted, index->entries, index->entry_count, sizeof *index->entries, compare_entries);
}

const struct gguf_entry *gguf_index_entry(const struct gguf_index *index, const char *name)
{
    return gguf_index_find(index, (struct gguf_text){name, strlen(name)});
}

enum status gguf_pair_count(const struct gguf_pair *pair, uint64_t *value, struct error *error)
{
    bool is_signed = false;

    switch (pair->type) {
    case GGUF_I8:
    case GGUF_I16:
    case GGUF_I32:
    case GGUF_I64:
        is_signed = true;
        break;
    case GGUF_U8:
    case GGUF_U16:
    case GGUF_U32:
    case GGUF_U64:
        break;
    default:
        return error_set(error, STATUS_FORMAT, "key '%s': is of type %s; must be a single integer",
                         gguf_show(pair->key).text, value_types[pair->type].name);
    }
    *value = little_endian(pair->value, value_types[pair->type].bytes);
    if (is_signed && *value >> (8 * value_types[pair->type].bytes - 1))
        return error_set(error, STATUS_FORMAT, "key '%s': is negative", gguf_show(pair->key).text);
    return STATUS_OK;
}

float gguf_float(const void *bytes)
{
    uint32_t bits = (uint32_t)little_endian(bytes, 4);
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

enum status gguf_pair_real(const struct gguf_pair *pair, double *value, struct error *error)
{
    if (pair->type == GGUF_F32) {
        *value = (double)gguf_float(pair->value);
    } else if (pair->type == GGUF_F64) {
        uint64_t bits = little_endian(pair->value, 8);
        memcpy(value, &bits, sizeof *value);
    } else {
        return error_set(error, STATUS_FORMAT, "key '%s': is of type %s; must be f32 or f64", gguf_show(pair->key).text,
                         value_types[pair->type].name);
    }
    if (!isfinite(*value))
        return error_set(error, STATUS_FORMAT, "key '%s': is %g; must be finite", gguf_show(pair->key).text, *value);
    return STATUS_OK;
}

enum status gguf_pair_text(const struct gguf_pair *pair, char *text, size_t size, struct error *error)
{
    if (pair->type != GGUF_STRING)
        return error_set(error, STATUS_FORMAT, "key '%s': is of type %s; must be a string", gguf_show(pair->key).text,
                         value_types[pair->type].name);
    if (pair->text.length >= size || memchr(pair->text.bytes, '\0', pair->text.length))
        return error_set(error, STATUS_FORMAT, "key '%s': '%s' is too long or holds a zero byte",
                         gguf_show(pair->key).text, gguf_show(pair->text).text);
    memcpy(text, pair->text.bytes, pair->text.length);
    text[pair->text.length] = '\0';
    return STATUS_OK;
}
