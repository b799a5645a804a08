#include "devices/dimms.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/tree.h"

/* ---- SMBIOS (DMTF DSP0134, 7.18 Memory Device) ---------------------------------------------------------------------- */

enum {
    TYPE_MEMORY_DEVICE = 17,
    AT_DATA_WIDTH = 0x0a,
    AT_SIZE = 0x0c,
    AT_LOCATOR = 0x10,
    AT_BANK = 0x11,
    AT_TYPE = 0x12,
    AT_SPEED = 0x15,
    AT_EXTENDED_SIZE = 0x1c,
    AT_CONFIGURED_SPEED = 0x20,
    HEADER_BYTES = 4,
    ENTRIES_MAX = 256,
};

/* One structure: its formatted area, then its strings. */
struct structure {
    const uint8_t *bytes;
    size_t length; /* of the formatted area */
    const char *strings;
    size_t strings_bytes;
};

static unsigned word_at(const struct structure *s, size_t offset)
{
    return offset + 2 <= s->length ? (unsigned)s->bytes[offset] | (unsigned)s->bytes[offset + 1] << 8 : 0;
}

static unsigned byte_at(const struct structure *s, size_t offset)
{
    return offset < s->length ? s->bytes[offset] : 0;
}

/* The string whose number stands at that offset, printable signs only; empty: none. */
static void string_at(const struct structure *s, size_t offset, char *text, size_t size)
{
    unsigned number = byte_at(s, offset);
    const char *at = s->strings, *end = s->strings + s->strings_bytes;
    size_t used = 0;

    for (; number > 1 && at < end; number--)
        at += strnlen(at, (size_t)(end - at)) + 1;
    for (; number == 1 && at < end && *at && used + 1 < size; at++)
        if (isprint((unsigned char)*at))
            text[used++] = *at;
    text[used] = '\0';
}

static const char *type_name(unsigned type)
{
    static const struct {
        unsigned char type;
        const char *name;
    } names[] = {{0x12, "DDR"},    {0x13, "DDR2"},   {0x18, "DDR3"},   {0x1a, "DDR4"}, {0x1b, "LPDDR"},
                 {0x1c, "LPDDR2"}, {0x1d, "LPDDR3"}, {0x1e, "LPDDR4"}, {0x20, "HBM"},  {0x21, "HBM2"},
                 {0x22, "DDR5"},   {0x23, "LPDDR5"}, {0x24, "HBM3"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].type == type)
            return names[i].name;
    return "";
}

/* Sizes are in MiB, or in KiB where the top bit is set; 0x7fff refers to the longer field, 0xffff is unknown. */
static uint64_t size_of(const struct structure *s)
{
    unsigned size = word_at(s, AT_SIZE);

    if (size == 0x7fff)
        return ((uint64_t)word_at(s, AT_EXTENDED_SIZE) | (uint64_t)(word_at(s, AT_EXTENDED_SIZE + 2) & 0x7fff) << 16)
               << 20;
    if (size == 0xffff)
        return 0;
    return size & 0x8000 ? (uint64_t)(size & 0x7fff) << 10 : (uint64_t)size << 20;
}

/* A name for the channel: what comes before and with the word after "channel", or before and with the letter of "DIMM_A1". */
static void guess_channel(const char *locator, char *channel, size_t size)
{
    const char *word = strcasestr(locator, "channel"), *dimm = strcasestr(locator, "dimm"), *end = NULL;

    if (word) {
        end = word + strlen("channel");
        end += strspn(end, " _-");
        end = isalnum((unsigned char)*end) ? end + 1 : NULL;
    } else if (dimm) {
        end = dimm + strlen("dimm");
        end += strspn(end, " _-");
        end = isalpha((unsigned char)*end) && isdigit((unsigned char)end[1]) ? end + 1 : NULL;
    }
    snprintf(channel, size, "%.*s", end ? (int)(end - locator) : 0, locator);
}

static void add_device(struct dimms *dimms, const struct structure *s)
{
    struct dimm *dimm = &dimms->items[dimms->count];
    char bank[DIMM_TEXT_MAX];
    unsigned speed = word_at(s, AT_CONFIGURED_SPEED), bits = word_at(s, AT_DATA_WIDTH);

    if (s->length < AT_SPEED || byte_at(s, 0) != TYPE_MEMORY_DEVICE || !size_of(s) || dimms->count == DIMMS_MAX)
        return;
    speed = speed ? speed : word_at(s, AT_SPEED);
    *dimm = (struct dimm){.bytes = size_of(s),
                          .transfers_per_second = speed == 0xffff ? 0 : UINT64_C(1000000) * speed,
                          .bits = bits == 0xffff ? 0 : bits};
    snprintf(dimm->type, sizeof dimm->type, "%s", type_name(byte_at(s, AT_TYPE)));
    string_at(s, AT_LOCATOR, dimm->locator, sizeof dimm->locator);
    string_at(s, AT_BANK, bank, sizeof bank);
    guess_channel(dimm->locator, dimm->channel, sizeof dimm->channel);
    if (!dimm->channel[0])
        guess_channel(bank, dimm->channel, sizeof dimm->channel);
    dimms->count++;
}

/* Takes the structure at `bytes`; returns how long it is with its strings, 0: broken. */
static size_t take_structure(struct dimms *dimms, const uint8_t *bytes, size_t left)
{
    struct structure s = {.bytes = bytes, .length = left > 1 ? bytes[1] : 0};
    size_t end;

    if (left < HEADER_BYTES || s.length < HEADER_BYTES || s.length > left)
        return 0;
    for (end = s.length; end + 1 < left && (bytes[end] || bytes[end + 1]); end++)
        ;
    s.strings = (const char *)bytes + s.length;
    s.strings_bytes = end - s.length;
    add_device(dimms, &s);
    return end + 2;
}

static bool read_entries(struct dimms *dimms, const char *root)
{
    uint8_t bytes[1024];
    char path[80];

    for (unsigned i = 0; i < ENTRIES_MAX; i++) {
        ssize_t length;

        snprintf(path, sizeof path, "sys/firmware/dmi/entries/17-%u/raw", i);
        length = tree_read(root, path, (char *)bytes, sizeof bytes);
        if (length < 0)
            break;
        take_structure(dimms, bytes, (size_t)length);
    }
    dimms->source = dimms->count ? "sys/firmware/dmi/entries/17-*/raw" : "";
    return dimms->count > 0;
}

/* Returns 0, or a negative errno where the table cannot be read. */
static int read_table(struct dimms *dimms, const char *root)
{
    enum { TABLE_BYTES_MAX = 256 << 10 };
    uint8_t *bytes = malloc(TABLE_BYTES_MAX);
    ssize_t length = bytes ? tree_read(root, "sys/firmware/dmi/tables/DMI", (char *)bytes, TABLE_BYTES_MAX) : -ENOMEM;

    for (size_t at = 0, step = 1; length > 0 && at < (size_t)length && step; at += step)
        step = take_structure(dimms, bytes + at, (size_t)length - at);
    free(bytes);
    dimms->source = dimms->count ? "sys/firmware/dmi/tables/DMI" : "";
    return length < 0 ? (int)length : 0;
}

/* ---- EDAC ------------------------------------------------------------------------------------------------------------ */

static void read_edac(struct dimms *dimms, const char *root)
{
    char path[96], text[64];

    for (unsigned controller = 0; controller < 16; controller++) {
        snprintf(path, sizeof path, "sys/devices/system/edac/mc/mc%u", controller);
        if (!tree_exists(root, path))
            continue;
        for (unsigned i = 0; i < 32 && dimms->count < DIMMS_MAX; i++) {
            struct dimm *dimm = &dimms->items[dimms->count];
            uint64_t mebibytes;

            snprintf(path, sizeof path, "sys/devices/system/edac/mc/mc%u/dimm%u/size", controller, i);
            if (tree_read_u64(root, path, &mebibytes) != 0 || !mebibytes || mebibytes > UINT64_MAX >> 20)
                continue;
            *dimm = (struct dimm){.bytes = mebibytes << 20};
            snprintf(path, sizeof path, "sys/devices/system/edac/mc/mc%u/dimm%u/dimm_label", controller, i);
            tree_read_line(root, path, dimm->locator, sizeof dimm->locator);
            snprintf(path, sizeof path, "sys/devices/system/edac/mc/mc%u/dimm%u/dimm_mem_type", controller, i);
            if (tree_read_line(root, path, text, sizeof text)) /* "Registered-DDR4", "Unbuffered-DDR5" */
                snprintf(dimm->type, sizeof dimm->type, "%.15s", strrchr(text, '-') ? strrchr(text, '-') + 1 : text);
            dimms->count++;
        }
    }
    dimms->source = dimms->count ? "sys/devices/system/edac/mc/mc*/dimm*" : "";
}

/* ---- boards ---------------------------------------------------------------------------------------------------------- */

/* Soldered memory as the makers publish it, by the device tree's words. transfers_per_second 0: the memory clock tells. */
struct board_memory {
    const char *compatible, *type;
    uint64_t transfers_per_second;
    unsigned bits;
};

static const struct board_memory board_memories[] = {
    {"raspberrypi,5-model-b", "LPDDR4X", UINT64_C(4267000000), 32}, /* Raspberry Pi 5 product brief */
    {"rockchip,rk3588", "", 0, 64},                                 /* four channels of 16 bits; LPDDR4X or LPDDR5 */
    {"nvidia,p3767-0000", "LPDDR5", UINT64_C(6400000000), 128},     /* Jetson Orin NX 16GB data sheet: 102.4 GB/s */
};

static void read_board(struct dimms *dimms, const char *root)
{
    char words[1024];
    ssize_t length = tree_read(root, "proc/device-tree/compatible", words, sizeof words);
    uint64_t hertz;

    for (size_t i = 0; length > 0 && i < sizeof board_memories / sizeof *board_memories; i++) {
        const struct board_memory *board = &board_memories[i];
        for (const char *word = words; word < words + length; word += strlen(word) + 1) {
            if (strcmp(word, board->compatible) != 0)
                continue;
            snprintf(dimms->type, sizeof dimms->type, "%s", board->type);
            dimms->transfers_per_second = board->transfers_per_second;
            dimms->bits = board->bits;
            dimms->source = "proc/device-tree/compatible";
            dimms->basis = "estimated: the board's published memory";
            if (!board->transfers_per_second && tree_read_u64(root, "sys/class/devfreq/dmc/cur_freq", &hertz) == 0 &&
                hertz < UINT64_MAX / 2) {
                dimms->transfers_per_second = 2 * hertz; /* double data rate */
                dimms->basis = "estimated: the processor's published bus width and the memory clock of the moment";
            }
            return;
        }
    }
}

/* ---- what follows ---------------------------------------------------------------------------------------------------- */

/* Every channel counts once, however many modules it holds. */
static void sum_up(struct dimms *dimms)
{
    bool known = dimms->count > 0, alike = true;

    for (size_t i = 0; i < dimms->count; i++) {
        const struct dimm *dimm = &dimms->items[i];
        bool counted = false;

        for (size_t j = 0; j < i; j++)
            counted |= strcmp(dimms->items[j].channel, dimm->channel) == 0;
        known = known && dimm->channel[0] && dimm->bits && dimm->transfers_per_second;
        alike = alike && strcmp(dimm->type, dimms->items[0].type) == 0;
        if (i == 0 || dimm->transfers_per_second < dimms->transfers_per_second)
            dimms->transfers_per_second = dimm->transfers_per_second;
        dimms->channels += !counted;
        dimms->bits += counted ? 0 : dimm->bits;
    }
    if (dimms->count && alike)
        snprintf(dimms->type, sizeof dimms->type, "%s", dimms->items[0].type);
    if (dimms->count && !known)
        dimms->channels = dimms->bits = 0;
    if (known)
        dimms->basis = "derived: channels guessed from the locators, their width and the configured speed";
}

void dimms_read(struct dimms *dimms, const char *root)
{
    int problem = 0;

    *dimms = (struct dimms){.source = "", .basis = ""};
    if (!read_entries(dimms, root)) {
        problem = read_table(dimms, root);
        if (!dimms->count)
            read_edac(dimms, root);
    }
    sum_up(dimms);
    if (!dimms->count)
        read_board(dimms, root);
    dimms->nominal_bytes_per_second = dimms->transfers_per_second / 8 * dimms->bits;
    if (problem == -EACCES || problem == -EPERM)
        snprintf(dimms->reason, sizeof dimms->reason,
                 "no permission to read sys/firmware/dmi/tables/DMI: run 'pocketmark detect' as root once");
    else if (!dimms->count)
        snprintf(dimms->reason, sizeof dimms->reason, "no SMBIOS memory devices, no EDAC modules");
}
