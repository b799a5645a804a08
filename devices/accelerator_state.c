/* What stands between an accelerator and being used: driver, node, permission, runtime. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/accelerator_parts.h"
#include "devices/tree.h"

enum {
    NUMBERED_MAX = 32,
    PATH_CAPACITY = 160,
    NODE_CAPACITY = sizeof(((struct accelerator *)0)->node) - 1, /* without the slash before it */
    RUNTIME_CAPACITY = sizeof(((struct accelerator *)0)->runtime)
};

/* Where libraries are installed; of Android the system's and the maker's. */
static const char *const library_folders[] = {
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib/aarch64-linux-gnu/tegra",
    "usr/lib/aarch64-linux-gnu/nvidia",
    "usr/lib/riscv64-linux-gnu",
    "usr/lib64",
    "usr/lib",
    "usr/lib/teflon",
    "usr/local/lib",
    "usr/local/lib64",
    "opt/rocm/lib",
    "opt/amdgpu/lib/x86_64-linux-gnu",
    "opt/xilinx/xrt/lib",
    "opt/qti-aic/dev/lib/x86_64",
    "usr/lib/habanalabs",
    "vendor/lib64",
    "vendor/lib64/egl",
    "vendor/lib64/hw",
    "system/lib64",
};

/* ---- nodes ----------------------------------------------------------------------------------------------------------- */

static struct class_node *find_class_node(const struct accelerator_candidate *candidate, struct class_nodes *nodes,
                                          bool accel)
{
    const struct accelerator *accelerator = &candidate->told;
    struct class_node *nameless = NULL;

    for (size_t i = 0; i < nodes->count; i++) {
        struct class_node *node = &nodes->items[i];
        if (node->claimed || node->accel != accel)
            continue;
        if (strcmp(accelerator->bus, "pci") == 0
                ? strcmp(node->address, accelerator->address) == 0
                : *candidate->of_name && strcmp(node->of_name, candidate->of_name) == 0)
            return node;
        if (!nameless && !*node->address && !*node->of_name)
            nameless = node;
    }
    /* A driver of several cores hangs its one node on a device of its own making. */
    return strcmp(accelerator->bus, "platform") == 0 ? nameless : NULL;
}

/* Nothing there, closed to us, or open. */
static int look_at_node(const char *path, const char *root)
{
    int access = tree_access(root, path, R_OK | W_OK);

    return access == 0 || access == -EACCES || access == -EPERM ? access : -ENOENT;
}

/* The file of that rank among those a pattern with '#' stands for. */
static int find_numbered(const char *pattern, size_t rank, const char *root, char path[NODE_CAPACITY])
{
    const char *mark = strchr(pattern, '#');
    int access = -ENOENT;

    for (unsigned i = 0; i < (mark ? NUMBERED_MAX : 1); i++) {
        if (mark)
            snprintf(path, NODE_CAPACITY, "%.*s%u%s", (int)(mark - pattern), pattern, i, mark + 1);
        else
            snprintf(path, NODE_CAPACITY, "%s", pattern);
        access = look_at_node(path, root);
        if (access != -ENOENT && (!mark || rank-- == 0))
            return access;
    }
    return -ENOENT;
}

/* 0, -EACCES or -ENOENT; the node's path where there is one. */
static int find_node(const struct accelerator_candidate *candidate, const struct accelerator_stack *stack,
                     struct class_nodes *nodes, size_t rank, const char *root, char path[NODE_CAPACITY])
{
    const char *choices = stack->nodes;
    char choice[64];

    while (accelerator_next_word(&choices, "|", choice, sizeof choice)) {
        bool accel = strcmp(choice, "accel") == 0;
        int access = -ENOENT;

        if (accel || strcmp(choice, "render") == 0) {
            struct class_node *node = find_class_node(candidate, nodes, accel);
            if (node) {
                node->claimed = true;
                snprintf(path, NODE_CAPACITY, "%s", node->path);
                access = look_at_node(path, root);
            }
        } else
            access = find_numbered(choice, rank, root, path);
        if (access != -ENOENT)
            return access;
    }
    return -ENOENT;
}

/* ---- runtimes ---------------------------------------------------------------------------------------------------------- */

/* "/usr/lib/libx.so" of the first of the libraries, with '|' between them, that is there. */
static bool find_library(const char *choices, const char *root, char path[RUNTIME_CAPACITY])
{
    char name[64];

    while (accelerator_next_word(&choices, "|", name, sizeof name))
        for (size_t i = 0; i < sizeof library_folders / sizeof *library_folders; i++) {
            snprintf(path, RUNTIME_CAPACITY, "/%s/%s", library_folders[i], name);
            if (tree_access(root, path + 1, R_OK) == 0)
                return true;
        }
    return false;
}

/* False: `missing` names the libraries of which none is there. */
static bool find_runtime(struct accelerator *accelerator, const struct accelerator_stack *stack, const char *root,
                         char *missing, size_t size)
{
    const char *words = stack->runtime;
    char word[160], path[RUNTIME_CAPACITY];

    while (accelerator_next_word(&words, " ", word, sizeof word)) {
        const char *choices = word;
        char name[64];

        if (find_library(word, root, path)) {
            if (!*accelerator->runtime)
                snprintf(accelerator->runtime, sizeof accelerator->runtime, "%s", path);
            continue;
        }
        *missing = '\0';
        while (accelerator_next_word(&choices, "|", name, sizeof name))
            snprintf(missing + strlen(missing), size - strlen(missing), "%s%s", *missing ? " or " : "", name);
        return false;
    }
    return true;
}

/* ---- what the driver tells ----------------------------------------------------------------------------------------------- */

static bool is_printable(const char *text)
{
    for (const char *at = text; *at; at++)
        if (*at < ' ' || *at > '~')
            return false;
    return *text != '\0';
}

/* A line of the driver's own words; empty where they are not printable. */
static bool read_words(const char *root, const char *path, char *text, size_t size)
{
    if (tree_read_line(root, path, text, size) && is_printable(text))
        return true;
    *text = '\0';
    return false;
}

static void read_version(struct accelerator *accelerator, const struct accelerator_stack *stack, const char *root)
{
    char path[PATH_CAPACITY];

    snprintf(path, sizeof path, "sys/module/%s/version", stack->module ? stack->module : stack->driver);
    read_words(root, path, accelerator->driver_version, sizeof accelerator->driver_version);
}

static void read_files(struct accelerator_candidate *candidate, const struct accelerator_stack *stack, const char *root)
{
    struct accelerator *accelerator = &candidate->told;
    char path[PATH_CAPACITY], name[sizeof accelerator->name];

    if (!*candidate->folder)
        return;
    if (stack->name_file) {
        snprintf(path, sizeof path, "%s/%s", candidate->folder, stack->name_file);
        if (read_words(root, path, name, sizeof name))
            memcpy(accelerator->name, name, sizeof name);
    }
    if (stack->firmware_file) {
        snprintf(path, sizeof path, "%s/%s", candidate->folder, stack->firmware_file);
        read_words(root, path, accelerator->firmware, sizeof accelerator->firmware);
    }
    if (stack->memory_file) {
        snprintf(path, sizeof path, "%s/%s", candidate->folder, stack->memory_file);
        if (tree_read_u64(root, path, &accelerator->memory_bytes) != 0)
            accelerator->memory_bytes = 0;
    }
}

/* NVIDIA's driver tells name and number in a file of its own, whose other lines are passed over. */
static void read_nvidia(struct accelerator *accelerator, size_t *rank, const char *root, const char **pattern,
                        char own[32])
{
    char path[PATH_CAPACITY], text[2048], value[80];
    uint64_t minor;

    snprintf(path, sizeof path, "proc/driver/nvidia/gpus/%s/information", accelerator->address);
    if (tree_read(root, path, text, sizeof text) < 0)
        return;
    if (tree_find_value(text, "Model", value, sizeof value) && is_printable(value))
        snprintf(accelerator->name, sizeof accelerator->name, "%s",
                 strncmp(value, "NVIDIA ", 7) == 0 ? value + 7 : value);
    if (tree_find_value(text, "Device Minor", value, sizeof value) && tree_parse_u64(value, &minor) && minor < 1024) {
        snprintf(own, 32, "dev/nvidia%u", (unsigned)minor);
        *pattern = own;
        *rank = 0;
    }
}

/* ---- the verdict ------------------------------------------------------------------------------------------------------------ */

/* The group that may read and write a node of the running machine; empty: none but root's. */
static void read_group(const char *node, char *name, size_t size)
{
    char full[PATH_MAX];
    struct stat status;
    struct group *group;

    *name = '\0';
    snprintf(full, sizeof full, "/%s", node);
    if (stat(full, &status) != 0 || (status.st_mode & 0060) != 0060 || status.st_gid == 0)
        return;
    group = getgrgid(status.st_gid);
    if (group)
        snprintf(name, size, "%s", group->gr_name);
}

static void tell_closed(struct accelerator *accelerator, const char *node, const char *usual_group, const char *root)
{
    char group[40] = "";

    if (!root)
        read_group(node, group, sizeof group);
    else if (usual_group)
        snprintf(group, sizeof group, "%s", usual_group);
    if (*group)
        snprintf(accelerator->reason, sizeof accelerator->reason,
                 "no permission for /%s; add yourself to group %s ('sudo usermod -aG %s $USER') and log in again", node,
                 group, group);
    else
        snprintf(accelerator->reason, sizeof accelerator->reason,
                 "no permission for /%s; run as root, or let the system's rules (udev, SELinux) open it to you", node);
}

/* Is one of the stack's own nodes there? */
static bool has_own_node(const struct accelerator_stack *stack, const char *root)
{
    const char *choices = stack->nodes;
    char choice[64], path[NODE_CAPACITY];

    while (accelerator_next_word(&choices, "|", choice, sizeof choice))
        if (strncmp(choice, "dev/", 4) == 0 && find_numbered(choice, 0, root, path) != -ENOENT)
            return true;
    return false;
}

/* The stack of the bound driver; off PCI, where not every bus tells its drivers, that of the node that is there; with no driver the
 * usual one. NULL: none of ours. */
static const struct accelerator_stack *choose_stack(struct accelerator_candidate *candidate, const char *root)
{
    struct accelerator *accelerator = &candidate->told;
    const char *names = candidate->device ? candidate->device->stacks : "";
    const struct accelerator_stack *usual = NULL, *by_node = NULL;
    char name[32];

    while (accelerator_next_word(&names, " ", name, sizeof name)) {
        const struct accelerator_stack *stack = accelerator_stack_of(name);
        if (!stack)
            continue;
        if (strcmp(stack->driver, accelerator->driver) == 0)
            return stack;
        usual = usual ? usual : stack;
        if (!by_node && strcmp(accelerator->bus, "pci") != 0 && has_own_node(stack, root))
            by_node = stack;
    }
    if (by_node && !*accelerator->driver)
        snprintf(accelerator->driver, sizeof accelerator->driver, "%s", by_node->driver);
    return by_node ? by_node : *accelerator->driver ? NULL : usual;
}

/* In place of a driver that we know: what can be said all the same. */
static void tell_unknown(struct accelerator_candidate *candidate)
{
    struct accelerator *accelerator = &candidate->told;
    bool described = candidate->device && *candidate->device->stacks;

    accelerator->state = *accelerator->driver && !described ? ACCELERATOR_DRIVER_BOUND : ACCELERATOR_HARDWARE_ONLY;
    if (described)
        snprintf(accelerator->reason, sizeof accelerator->reason, "the driver %s holds it; give it back to %.*s",
                 accelerator->driver, (int)strcspn(candidate->device->stacks, " "), candidate->device->stacks);
    else if (*accelerator->driver)
        snprintf(accelerator->reason, sizeof accelerator->reason,
                 "pocketmark knows no runtime for the driver %s; see its maker's", accelerator->driver);
    else
        snprintf(accelerator->reason, sizeof accelerator->reason, "no driver is bound; see its maker's");
}

static void tell_without_node(struct accelerator *accelerator, const struct accelerator_stack *stack)
{
    bool accel = strncmp(stack->nodes, "accel", 5) == 0, render = strncmp(stack->nodes, "render", 6) == 0;
    int length = (int)strcspn(stack->nodes, "|");

    accelerator->state = ACCELERATOR_DRIVER_BOUND;
    snprintf(accelerator->reason, sizeof accelerator->reason,
             "there is no /%.*s; in a container hand it in, else see what the kernel's log says of %s",
             accel || render ? 32 : length,
             accel    ? "dev/accel/accel*"
             : render ? "dev/dri/renderD*"
                      : stack->nodes,
             accelerator->driver);
    for (char *mark = accelerator->reason; (mark = strchr(mark, '#')) != NULL;)
        *mark = '*';
}

static void tell_state(struct accelerator *accelerator, const struct accelerator_stack *stack, int access,
                       const char *node, const char *root)
{
    char missing[160];

    if (!*accelerator->driver) {
        accelerator->state = ACCELERATOR_HARDWARE_ONLY;
        snprintf(accelerator->reason, sizeof accelerator->reason, "no driver is bound; %s", stack->load);
    } else if (access == -ENOENT) {
        tell_without_node(accelerator, stack);
    } else if (access != 0) {
        accelerator->state = ACCELERATOR_NODE_CLOSED;
        tell_closed(accelerator, node, stack->group, root);
    } else if (!find_runtime(accelerator, stack, root, missing, sizeof missing)) {
        accelerator->state = ACCELERATOR_RUNTIME_MISSING;
        snprintf(accelerator->reason, sizeof accelerator->reason, "no %s in the folders of libraries; install %s",
                 missing, stack->install);
    } else
        accelerator->state = ACCELERATOR_READY;
}

void accelerator_finish(struct accelerator_candidate *candidate, struct class_nodes *nodes, size_t rank,
                        const char *root)
{
    struct accelerator *accelerator = &candidate->told;
    const struct accelerator_stack *known = choose_stack(candidate, root);
    struct accelerator_stack stack;
    char node[NODE_CAPACITY] = "", own[32];
    int access = -ENOENT;

    if (!known) {
        tell_unknown(candidate);
        return;
    }
    stack = *known;
    if (*accelerator->driver) {
        read_version(accelerator, &stack, root);
        read_files(candidate, &stack, root);
        if (strcmp(stack.driver, "nvidia") == 0)
            read_nvidia(accelerator, &rank, root, &stack.nodes, own);
        access = find_node(candidate, &stack, nodes, rank, root, node);
    }
    if (access != -ENOENT)
        snprintf(accelerator->node, sizeof accelerator->node, "/%s", node);
    tell_state(accelerator, &stack, access, node, root);
}
