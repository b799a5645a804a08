#include "devices/accelerators.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/accelerator_parts.h"
#include "devices/board.h"
#include "devices/tree.h"

enum { PATH_CAPACITY = 160, WORDS_CAPACITY = 400, NAME_CAPACITY = 64, NAMES_MAX = 4096 };

static const char pci_folder[] = "sys/bus/pci/devices", platform_folder[] = "sys/bus/platform/devices";

const char *accelerator_kind_name(enum accelerator_kind kind)
{
    return kind == ACCELERATOR_NPU ? "npu" : "gpu";
}

const char *accelerator_state_name(enum accelerator_state state)
{
    static const char *const names[] = {"absent",          "hardware only", "driver bound", "node not openable",
                                        "runtime missing", "ready"};

    return names[state];
}

struct search {
    const char *root;
    struct accelerator_candidate candidates[ACCELERATORS_MAX];
    size_t count;
    struct class_nodes nodes;
    char board[WORDS_CAPACITY]; /* words of the device tree's root and of Android's properties */
    size_t pci_count, platform_count;
};

/* ---- folders ----------------------------------------------------------------------------------------------------------- */

struct names {
    char (*items)[NAME_CAPACITY]; /* owned; in order */
    size_t count;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Names in that folder that begin so; none where it is not there. free() the items. */
static struct names list_folder(const char *root, const char *path, const char *beginning)
{
    struct names names = {.items = malloc(NAMES_MAX * sizeof *names.items)};
    int problem;
    DIR *folder = names.items ? tree_open_folder(root, path, &problem) : NULL;

    for (struct dirent *entry; folder && names.count < NAMES_MAX && (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.' && strncmp(entry->d_name, beginning, strlen(beginning)) == 0 &&
            strlen(entry->d_name) < NAME_CAPACITY)
            strcpy(names.items[names.count++], entry->d_name);
    if (folder)
        closedir(folder);
    if (names.count)
        qsort(names.items, names.count, sizeof *names.items, by_text);
    return names;
}

/* ---- nodes of the classes accel and drm ---------------------------------------------------------------------------------- */

/* A name as it may be shown and made a path of: anything else is dropped. */
static bool is_plain(const char *name)
{
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && !strchr("._:@-,/", *name))
            return false;
    return true;
}

static void find_property(const char *text, const char *key, char *value, size_t size)
{
    if (!tree_find_property(text, key, value, size) || !is_plain(value))
        *value = '\0';
}

static void add_class_nodes(struct search *search, const char *class, const char *beginning, const char *folder)
{
    struct names names = list_folder(search->root, class, beginning);
    char path[PATH_CAPACITY], text[2048];

    for (size_t i = 0; i < names.count && search->nodes.count < CLASS_NODES_MAX; i++) {
        struct class_node *node = &search->nodes.items[search->nodes.count];
        if (strlen(names.items[i]) > 20 || !is_plain(names.items[i]))
            continue;
        *node = (struct class_node){.accel = strcmp(beginning, "accel") == 0};
        snprintf(node->path, sizeof node->path, "%.12s/%.20s", folder, names.items[i]);
        snprintf(path, sizeof path, "%s/%s/device/uevent", class, names.items[i]);
        tree_read(search->root, path, text, sizeof text);
        find_property(text, "PCI_SLOT_NAME", node->address, sizeof node->address);
        find_property(text, "PCI_ID", node->pci_id, sizeof node->pci_id);
        find_property(text, "OF_FULLNAME", node->of_name, sizeof node->of_name);
        find_property(text, "DRIVER", node->driver, sizeof node->driver);
        search->nodes.count++;
    }
    free(names.items);
}

/* ---- adding ---------------------------------------------------------------------------------------------------------------- */

/* NULL: no room. */
static struct accelerator_candidate *add(struct search *search, const struct accelerator_device *device,
                                         const char *bus)
{
    struct accelerator_candidate *candidate = &search->candidates[search->count];
    struct accelerator *told = &candidate->told;

    if (search->count == ACCELERATORS_MAX)
        return NULL;
    search->count++;
    *candidate = (struct accelerator_candidate){.device = device};
    told->units = 1;
    snprintf(told->bus, sizeof told->bus, "%s", bus);
    if (device) {
        told->kind = device->kind;
        told->claim = device->claim.most_tops > 0 ? &device->claim : NULL;
        snprintf(told->vendor, sizeof told->vendor, "%s", device->vendor);
        snprintf(told->name, sizeof told->name, "%s", device->name);
    }
    return candidate;
}

/* Was one found that the same drivers drive? Then what a name or a node alone tells is that one again. */
static bool is_known(const struct search *search, const struct accelerator_device *device)
{
    for (size_t i = 0; i < search->count; i++)
        if (search->candidates[i].device && strcmp(search->candidates[i].device->stacks, device->stacks) == 0)
            return true;
    return false;
}

/* ---- PCI --------------------------------------------------------------------------------------------------------------------- */

/* "0x8086\n" as "8086", with exactly that many digits. */
static bool read_hex(const struct search *search, const char *folder, const char *file, size_t digits, char *text)
{
    char path[PATH_CAPACITY], line[32];

    snprintf(path, sizeof path, "%s/%s", folder, file);
    *text = '\0';
    if (!tree_read_line(search->root, path, line, sizeof line) || strncmp(line, "0x", 2) != 0 ||
        strlen(line) != digits + 2 || strspn(line + 2, "0123456789abcdefABCDEF") != digits)
        return false;
    for (size_t i = 0; i <= digits; i++)
        text[i] = (char)tolower((unsigned char)line[2 + i]);
    return true;
}

static void read_driver(const struct search *search, const char *folder, struct accelerator *accelerator)
{
    char path[PATH_CAPACITY], text[2048];

    snprintf(path, sizeof path, "%s/uevent", folder);
    tree_read(search->root, path, text, sizeof text);
    find_property(text, "DRIVER", accelerator->driver, sizeof accelerator->driver);
}

static void look_at_pci(struct search *search, const char *name)
{
    char folder[96], vendor[8], number[8], class[8], revision[8], pci[24];
    const struct accelerator_identity identity = {.pci = pci, .class = class, .board = search->board};
    const struct accelerator_device *device;
    struct accelerator_candidate *candidate;

    snprintf(folder, sizeof folder, "%s/%s", pci_folder, name);
    if (!is_plain(name) || !read_hex(search, folder, "vendor", 4, vendor) ||
        !read_hex(search, folder, "device", 4, number))
        return;
    read_hex(search, folder, "class", 6, class);
    read_hex(search, folder, "revision", 2, revision);
    snprintf(pci, sizeof pci, "%s:%s%s%s", vendor, number, *revision ? ":" : "", revision);
    device = accelerator_find(&identity);
    if (!device || !(candidate = add(search, device, "pci")))
        return;
    snprintf(candidate->folder, sizeof candidate->folder, "%s", folder);
    snprintf(candidate->told.address, sizeof candidate->told.address, "%.47s", name);
    snprintf(candidate->told.id, sizeof candidate->told.id, "%s:%s%s%s", vendor, number, *revision ? ", revision " : "",
             revision);
    read_driver(search, folder, &candidate->told);
}

static void search_pci(struct search *search)
{
    struct names names = list_folder(search->root, pci_folder, "");

    search->pci_count = names.count;
    for (size_t i = 0; i < names.count; i++)
        look_at_pci(search, names.items[i]);
    free(names.items);
}

/* ---- device tree ---------------------------------------------------------------------------------------------------------------- */

/* OF_COMPATIBLE_0=…, OF_COMPATIBLE_1=… as words. */
static void read_compatible(const char *text, char words[WORDS_CAPACITY])
{
    char key[24], word[96];

    words[0] = '\0';
    for (unsigned i = 0; i < 8; i++) {
        snprintf(key, sizeof key, "OF_COMPATIBLE_%u", i);
        find_property(text, key, word, sizeof word);
        if (*word && strlen(words) + strlen(word) + 2 < WORDS_CAPACITY)
            sprintf(words + strlen(words), "%s%s", *words ? " " : "", word);
    }
}

/* Another core of one that was found: the same row, on the same bus. */
static bool join_cores(struct search *search, const struct accelerator_device *device, const char *driver)
{
    for (size_t i = 0; i < search->count; i++) {
        struct accelerator *told = &search->candidates[i].told;
        if (search->candidates[i].device != device || strcmp(told->bus, "platform") != 0)
            continue;
        told->units++;
        if (!*told->driver)
            snprintf(told->driver, sizeof told->driver, "%s", driver);
        return true;
    }
    return false;
}

static void look_at_platform(struct search *search, const char *name)
{
    char folder[96], path[PATH_CAPACITY], text[2048], compatible[WORDS_CAPACITY], driver[32];
    const struct accelerator_identity identity = {.compatible = compatible, .board = search->board};
    const struct accelerator_device *device;
    struct accelerator_candidate *candidate;

    snprintf(folder, sizeof folder, "%s/%s", platform_folder, name);
    snprintf(path, sizeof path, "%s/uevent", folder);
    if (!is_plain(name) || tree_read(search->root, path, text, sizeof text) < 0)
        return;
    read_compatible(text, compatible);
    device = accelerator_find(&identity);
    find_property(text, "DRIVER", driver, sizeof driver);
    if (!device || join_cores(search, device, driver) || !(candidate = add(search, device, "platform")))
        return;
    snprintf(candidate->folder, sizeof candidate->folder, "%s", folder);
    find_property(text, "OF_FULLNAME", candidate->of_name, sizeof candidate->of_name);
    snprintf(candidate->told.address, sizeof candidate->told.address, "%.47s", name);
    compatible[strcspn(compatible, " ")] = '\0';
    snprintf(candidate->told.id, sizeof candidate->told.id, "%.63s", compatible);
    snprintf(candidate->told.driver, sizeof candidate->told.driver, "%s", driver);
}

static void search_platform(struct search *search)
{
    struct names names = list_folder(search->root, platform_folder, "");

    search->platform_count = names.count;
    for (size_t i = 0; i < names.count; i++)
        look_at_platform(search, names.items[i]);
    free(names.items);
}

/* ---- what the board's name and makers' nodes tell ------------------------------------------------------------------------------ */

static void read_board(struct search *search)
{
    struct board board;

    board_read(&board, search->root);
    snprintf(search->board, sizeof search->board, "%s %s", board.compatible, board.soc);
}

static void search_by_board(struct search *search, const struct accelerator_device *device)
{
    const char *words = search->board;
    char word[NAME_CAPACITY];
    struct accelerator_candidate *candidate;

    while (accelerator_next_word(&words, " ", word, sizeof word)) {
        const struct accelerator_identity identity = {.soc = word, .board = search->board};
        if (is_known(search, device) || !accelerator_matches(device->match, &identity) ||
            !(candidate = add(search, device, "soc")))
            continue;
        if (is_plain(word))
            snprintf(candidate->told.id, sizeof candidate->told.id, "%s", word);
    }
}

static void search_by_node(struct search *search, const struct accelerator_device *device)
{
    const char *words = device->match;
    char word[PATH_CAPACITY];
    struct accelerator_candidate *candidate;

    while (accelerator_next_word(&words, " ", word, sizeof word)) {
        const char *path = strncmp(word, "node:", 5) == 0 ? word + 5 : NULL;
        int access = path && !is_known(search, device) ? tree_access(search->root, path, R_OK | W_OK) : -ENOENT;
        if ((access == 0 || access == -EACCES || access == -EPERM) && (candidate = add(search, device, "node")))
            snprintf(candidate->told.id, sizeof candidate->told.id, "/%.60s", path);
    }
}

/* Of the class accel, but of no device that we know. */
static void add_unclaimed(struct search *search)
{
    for (size_t i = 0; i < search->nodes.count; i++) {
        struct class_node *node = &search->nodes.items[i];
        struct accelerator_candidate *candidate;
        struct accelerator *told;
        if (!node->accel || node->claimed || !(candidate = add(search, NULL, *node->address ? "pci" : "platform")))
            continue;
        told = &candidate->told;
        snprintf(told->name, sizeof told->name, "accelerator");
        snprintf(told->driver, sizeof told->driver, "%s", node->driver);
        snprintf(told->id, sizeof told->id, "%s", *node->pci_id ? node->pci_id : "class accel");
        snprintf(told->address, sizeof told->address, "%s", node->address);
        snprintf(told->node, sizeof told->node, "/%s", node->path);
        accelerator_finish(candidate, &search->nodes, 0, search->root);
    }
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------------- */

static void finish_all(struct search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        size_t rank = 0;
        for (size_t k = 0; k < i && *search->candidates[i].told.driver; k++)
            rank += strcmp(search->candidates[k].told.driver, search->candidates[i].told.driver) == 0;
        accelerator_finish(&search->candidates[i], &search->nodes, rank, search->root);
    }
}

static void hand_over(const struct search *search, struct accelerators *found)
{
    found->count = 0;
    for (int kind = ACCELERATOR_NPU; kind <= ACCELERATOR_GPU; kind++)
        for (size_t i = 0; i < search->count; i++)
            if ((int)search->candidates[i].told.kind == kind)
                found->items[found->count++] = search->candidates[i].told;
    snprintf(found->looked, sizeof found->looked,
             "none in /sys/class/accel and /sys/class/drm (nodes: %zu), on PCI (devices: %zu), in /%s (devices: %zu), "
             "by the board's name, by makers' nodes in /dev",
             search->nodes.count, search->pci_count, platform_folder, search->platform_count);
}

void accelerators_read(struct accelerators *found, const char *root)
{
    struct search *search = calloc(1, sizeof *search);

    *found = (struct accelerators){.looked = "out of memory"};
    if (!search)
        return;
    search->root = root;
    read_board(search);
    add_class_nodes(search, "sys/class/accel", "accel", "dev/accel");
    add_class_nodes(search, "sys/class/drm", "renderD", "dev/dri");
    search_pci(search);
    search_platform(search);
    for (size_t i = 0; i < accelerator_device_count; i++)
        search_by_board(search, &accelerator_devices[i]);
    for (size_t i = 0; i < accelerator_device_count; i++)
        search_by_node(search, &accelerator_devices[i]);
    finish_all(search);
    add_unclaimed(search);
    hand_over(search, found);
    free(search);
}
