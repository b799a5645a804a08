#include "devices/tree_mask.h"

#include <ctype.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "devices/tree.h"

enum { KEY_DIGITS = 32, NAME_LEAST = 3 };

/* ---- names ------------------------------------------------------------------------------------------------------------- */

/* A name that is part of the product's own is no secret, and must stay readable there. */
static bool is_product_word(const char *root, const char *word)
{
    static const char *const paths[] = {"proc/device-tree/compatible", "proc/device-tree/model",
                                        "sys/class/dmi/id/product_name"};
    char text[1024];

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ssize_t length = tree_read(root, paths[i], text, sizeof text);
        const char *end = length > 0 ? memchr(text, '\n', (size_t)length) : NULL;

        length = end ? end - text : length;
        text[length > 0 ? length : 0] = '\0';
        for (ssize_t at = 0; at < length; at += (ssize_t)strlen(text + at) + 1)
            if (strcasestr(text + at, word))
                return true;
    }
    return false;
}

static void add_word(struct tree_mask *mask, const char *root, const char *word)
{
    if (!word || strlen(word) < NAME_LEAST || strlen(word) >= MASK_WORD_MAX || mask->word_count == MASK_WORDS_MAX ||
        strcmp(word, "root") == 0 || strcmp(word, "localhost") == 0 || is_product_word(root, word))
        return;
    snprintf(mask->words[mask->word_count++], MASK_WORD_MAX, "%s", word);
}

static void add_groups(struct tree_mask *mask, const char *path)
{
    char copy[4096], *cursor = copy;

    snprintf(copy, sizeof copy, "%s", path);
    for (char *part = strsep(&cursor, "/"); part; part = strsep(&cursor, "/")) {
        bool known = !*part || strcmp(part, "..") == 0 || strlen(part) >= MASK_WORD_MAX;
        for (size_t i = 0; i < mask->group_count && !known; i++)
            known = strcmp(mask->groups[i], part) == 0;
        if (!known && mask->group_count < MASK_GROUPS_MAX)
            snprintf(mask->groups[mask->group_count++], MASK_WORD_MAX, "%s", part);
    }
}

/* "4:memory:/a/b" */
static void learn_groups(struct tree_mask *mask, const char *root)
{
    int problem;
    char *text = tree_read_all(root, "proc/self/cgroup", &problem), *cursor = text;

    while (cursor) {
        char *line = strsep(&cursor, "\n"), *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;
        if (second)
            add_groups(mask, second + 1);
    }
    free(text);
}

void tree_mask_open(struct tree_mask *mask, const char *root)
{
    static const char *const files[] = {"proc/sys/kernel/hostname", "etc/hostname"};
    struct utsname names;
    struct passwd *user;
    char line[MASK_WORD_MAX];

    *mask = (struct tree_mask){.word_count = 0};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (tree_read_line(root, files[i], line, sizeof line))
            add_word(mask, root, line);
    learn_groups(mask, root);
    if (root)
        return;
    if (uname(&names) == 0)
        add_word(mask, root, names.nodename);
    user = getpwuid(getuid());
    add_word(mask, root, user ? user->pw_name : NULL);
    add_word(mask, root, getenv("USER"));
    add_word(mask, root, getenv("SUDO_USER"));
    add_word(mask, root, getenv("LOGNAME"));
}

bool tree_mask_allows(const char *path)
{
    static const char *const parts[] = {"serial",    "uuid",     "machine-id", "boot_id",
                                        "asset_tag", "hostname", "unique_id",  "wwid"};
    const char *name = strrchr(path, '/');

    name = name ? name + 1 : path;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcasestr(name, parts[i]))
            return false;
    return strcmp(name, "address") != 0;
}

/* ---- patterns ---------------------------------------------------------------------------------------------------------- */

static size_t hex_run(const char *at, const char *end)
{
    const char *start = at;

    while (at < end && isxdigit((unsigned char)*at))
        at++;
    return (size_t)(at - start);
}

/* Groups of hexadecimal digits with a sign between them: lengths of each group, 0 ends. Returns the length, 0: something else. */
static size_t match_groups(const char *at, const char *end, const unsigned char *lengths, const char *signs)
{
    const char *cursor = at;
    char sign = '\0';

    for (size_t i = 0; lengths[i]; i++) {
        if (i) {
            if (cursor >= end || !*cursor || !strchr(signs, *cursor) || (sign && *cursor != sign))
                return 0;
            sign = *cursor++;
        }
        if (hex_run(cursor, end) != lengths[i])
            return 0;
        cursor += lengths[i];
    }
    return (size_t)(cursor - at);
}

/* Length of a UUID, a hardware address (six or eight bytes), or a long key at that place; 0: none. */
static size_t match_key(const char *at, const char *end)
{
    static const unsigned char uuid[] = {8, 4, 4, 4, 12, 0}, mac[] = {2, 2, 2, 2, 2, 2, 0},
                               eui[] = {2, 2, 2, 2, 2, 2, 2, 2, 0};
    size_t length = match_groups(at, end, uuid, "-");

    length = length ? length : match_groups(at, end, eui, ":-");
    length = length ? length : match_groups(at, end, mac, ":-");
    if (!length && hex_run(at, end) >= KEY_DIGITS)
        length = hex_run(at, end);
    return length;
}

/* "/home/name": length of the name, its beginning in *name; 0: none. */
static size_t match_home(const char *at, const char *end, const char **name)
{
    static const char *const folders[] = {"/home/", "/Users/", "/run/user/", "/media/"};

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        size_t length = strlen(folders[i]);
        if ((size_t)(end - at) <= length || memcmp(at, folders[i], length) != 0)
            continue;
        *name = at + length;
        for (at += length; at < end && *at && !strchr("/ \t\r\n:,;\"'", *at); at++)
            ;
        return (size_t)(at - *name);
    }
    return 0;
}

static bool is_word_sign(char sign)
{
    return isalnum((unsigned char)sign) || sign == '_';
}

static size_t match_word(const struct tree_mask *mask, const char *at, const char *end)
{
    for (size_t i = 0; i < mask->word_count; i++) {
        size_t length = strlen(mask->words[i]);
        if ((size_t)(end - at) >= length && memcmp(at, mask->words[i], length) == 0 &&
            (at + length == end || !is_word_sign(at[length])))
            return length;
    }
    return 0;
}

/* In place. */
static void mask_patterns(const struct tree_mask *mask, char *text, size_t length)
{
    char *end = text + length;
    bool inside = false; /* a word began before this place */

    for (char *at = text; at < end;) {
        const char *name = at;
        size_t keys = inside ? 0 : match_key(at, end), names = match_home(at, end, &name);

        if (!names && !inside && !keys)
            names = match_word(mask, at, end);
        for (size_t i = 0; i < keys; i++)
            at[i] = isxdigit((unsigned char)at[i]) ? '0' : at[i];
        if (names)
            memset(text + (name - text), 'x', names);
        inside = !keys && !names && is_word_sign(*at);
        at += keys ? keys : names ? (size_t)(name - at) + names : 1;
    }
}

void tree_mask_name(const struct tree_mask *mask, const char *name, char *masked, size_t size)
{
    for (size_t i = 0; i < mask->group_count; i++)
        if (strcmp(mask->groups[i], name) == 0) {
            snprintf(masked, size, "group-%zu", i + 1);
            return;
        }
    snprintf(masked, size, "%s", name);
    for (size_t i = 0, length = strlen(masked); i < length; i++) { /* "hid-00:11:…-battery": the address is a part */
        size_t keys = i == 0 || !isxdigit((unsigned char)masked[i - 1]) ? match_key(masked + i, masked + length) : 0;
        for (size_t k = i; k < i + keys; k++)
            masked[k] = isxdigit((unsigned char)masked[k]) ? '0' : masked[k];
    }
}

/* ---- files of known form ----------------------------------------------------------------------------------------------- */

static bool begins_with_one(const char *line, const char *const *words)
{
    for (; *words; words++)
        if (strncmp(line, *words, strlen(*words)) == 0)
            return true;
    return false;
}

/* The words of this line whose parts between slashes may be control groups. */
static void put_grouped(const struct tree_mask *mask, const char *line, FILE *out)
{
    char part[4096];

    while (*line) {
        size_t length = strcspn(line, "/ :");
        char masked[MASK_WORD_MAX];

        snprintf(part, sizeof part, "%.*s", (int)length, line);
        tree_mask_name(mask, part, masked, sizeof masked);
        fputs(length < sizeof masked ? masked : "x", out);
        line += length;
        if (*line)
            fputc(*line++, out);
    }
    fputc('\n', out);
}

static void put_cpuinfo(const struct tree_mask *mask, const char *line, FILE *out)
{
    static const char *const keys[] = {"processor", "vendor_id", "cpu family", "model",    "stepping", "microcode",
                                       "flags",     "cpu model", "uarch",      "isa",      "CPU impl", "CPU arch",
                                       "CPU vari",  "CPU part",  "CPU revi",   "Features", "Model",    NULL};
    (void)mask;
    if (!*line || begins_with_one(line, keys))
        fprintf(out, "%s\n", line);
}

static void put_os_release(const struct tree_mask *mask, const char *line, FILE *out)
{
    static const char *const keys[] = {"PRETTY_NAME=", NULL};
    (void)mask;
    if (begins_with_one(line, keys))
        fprintf(out, "%s\n", line);
}

static void put_properties(const struct tree_mask *mask, const char *line, FILE *out)
{
    static const char *const keys[] = {"ro.product.model=", "ro.product.manufacturer=", "ro.soc.", NULL};
    (void)mask;
    if (begins_with_one(line, keys))
        fprintf(out, "%s\n", line);
}

/* Who built the kernel, and where, stands behind its version. */
static void put_version(const struct tree_mask *mask, const char *line, FILE *out)
{
    static const char *const keys[] = {"Linux version ", NULL};
    (void)mask;
    if (begins_with_one(line, keys))
        fprintf(out, "%.*s\n", (int)(14 + strcspn(line + 14, " ")), line);
}

static void put_mount(const struct tree_mask *mask, const char *line, FILE *out)
{
    if (strstr(line, " - cgroup"))
        put_grouped(mask, line, out);
}

static void put_other(const struct tree_mask *mask, const char *line, FILE *out)
{
    (void)mask;
    if (!strcasestr(line, "serial"))
        fprintf(out, "%s\n", line);
}

struct form {
    const char *path;
    void (*put)(const struct tree_mask *mask, const char *line, FILE *out);
};

static const struct form forms[] = {
    {"proc/cpuinfo", put_cpuinfo},         {"etc/os-release", put_os_release}, {"usr/lib/os-release", put_os_release},
    {"system/build.prop", put_properties}, {"proc/version", put_version},      {"proc/self/mountinfo", put_mount},
    {"proc/self/cgroup", put_grouped},
};

/* ---- SMBIOS -------------------------------------------------------------------------------------------------------------- */

enum { TYPE_MEMORY_DEVICE = 17, AT_LOCATOR = 0x10, AT_BANK = 0x11, STRUCTURE_LEAST = 0x12 };

/* Of memory devices only, and of their strings only where they sit. */
static void put_structures(const unsigned char *bytes, size_t length, FILE *out)
{
    for (size_t at = 0; at + STRUCTURE_LEAST < length;) {
        size_t formatted = bytes[at + 1], end = at + formatted;
        unsigned number = 1;

        if (formatted < 4)
            return;
        while (end + 1 < length && (bytes[end] || bytes[end + 1]))
            end++;
        if (end + 1 >= length)
            return;
        if (bytes[at] == TYPE_MEMORY_DEVICE && formatted >= STRUCTURE_LEAST) {
            fwrite(bytes + at, 1, formatted, out);
            for (size_t i = at + formatted; i < end; i++) {
                bool kept = number == bytes[at + AT_LOCATOR] || number == bytes[at + AT_BANK];
                fputc(!bytes[i] ? 0 : kept ? bytes[i] : 'x', out);
                number += !bytes[i];
            }
            fwrite("\0\0", 1, 2, out);
        }
        at = end + 2;
    }
}

/* ---- content --------------------------------------------------------------------------------------------------------------- */

static void put_lines(const struct tree_mask *mask, const struct form *form, const char *content, FILE *out)
{
    for (const char *line = content; *line;) {
        size_t count = strcspn(line, "\n");
        char *copy = strndup(line, count);

        if (copy)
            form->put(mask, copy, out);
        free(copy);
        line += count + (line[count] == '\n');
    }
}

static const struct form *form_of(const char *path)
{
    static const struct form other = {"", put_other};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].path, path) == 0)
            return &forms[i];
    return &other;
}

char *tree_mask_content(const struct tree_mask *mask, const char *path, const char *content, size_t length,
                        size_t *masked_length)
{
    const struct form *form = form_of(path);
    char *masked = NULL;
    FILE *out = open_memstream(&masked, masked_length);

    if (!out)
        return NULL;
    if (strncmp(path, "sys/firmware/dmi/", 17) == 0)
        put_structures((const unsigned char *)content, length, out);
    else if (memchr(content, '\0', length))
        fwrite(content, 1, length, out);
    else
        put_lines(mask, form, content, out);
    if (fclose(out) != 0) {
        free(masked);
        return NULL;
    }
    mask_patterns(mask, masked, *masked_length);
    return masked;
}
