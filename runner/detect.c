#include "runner/detect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "devices/board.h"
#include "devices/tree.h"
#include "devices/tree_record.h"
#include "runner/detect_energy.h"
#include "runner/detect_parts.h"

const char not_told[] = "the system does not tell";

const char *detect_label(const char *label, bool known)
{
    return known ? label : NULL;
}

/* Text that is shown only where it is known. */
static void put_known(struct facts *facts, const char *path, const char *label, const char *text, const char *reason)
{
    facts_text_or_null(facts, path, detect_label(label, *text), text, reason);
}

void detect_count(struct facts *facts, const char *path, const char *label, uint64_t count, const char *reason)
{
    if (count)
        facts_integer(facts, path, label, (int64_t)count);
    else
        facts_null(facts, path, label, reason);
}

/* ---- board and system ----------------------------------------------------------------------------------------------- */

static void put_board(struct facts *facts, const char *root)
{
    struct board board;

    board_read(&board, root);
    put_known(facts, "board.vendor", "maker", board.vendor, not_told);
    put_known(facts, "board.product", "product", board.product, not_told);
    put_known(facts, "board.name", "main board", board.name, not_told);
    put_known(facts, "board.soc", "system on a chip", board.soc, not_told);
    put_known(facts, "board.compatible", NULL, board.compatible, "no device tree");
    put_known(facts, "board.firmware_version", "firmware", board.firmware_version, not_told);
    put_known(facts, "board.firmware_date", "firmware of", board.firmware_date, not_told);
}

static void put_system(struct facts *facts, const struct host *host)
{
    facts_text_or_null(facts, "os.name", "operating system", host->os_name, "no os-release");
    facts_text_or_null(facts, "os.kernel", "kernel", host->kernel, not_told);
    facts_text_or_null(facts, "os.machine", "architecture", host->machine, not_told);
    facts_text_or_null(facts, "governor", "frequency governor", host->governor, "no cpufreq for cpu0");
    put_known(facts, "transparent_hugepage", "transparent huge pages", host->transparent_hugepage, not_told);
    put_known(facts, "hypervisor", "hypervisor", host->hypervisor, "none seen");
}

void detect_facts(struct facts *facts, const struct host *host, const struct memory *memory, const char *root)
{
    put_board(facts, host->live ? NULL : root);
    detect_processor(facts, host);
    detect_memory(facts, host, memory, host->live ? NULL : root);
    put_system(facts, host);
    detect_accelerators(facts, host->live ? NULL : root);
    detect_energy(facts, "energy_sources", root);
    detect_sensors(facts, host, root);
}

/* ---- which device, and of what kind ------------------------------------------------------------------------------ */

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv. The NUL is hashed too, so that texts do not run
 * together. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    while (*text++);
    return hash;
}

static bool is_id(const char *text)
{
    return strncmp(text, "d-", 2) == 0 && strlen(text) == 18 && strspn(text + 2, "0123456789abcdef") == 16;
}

/* Serial numbers and the product's UUID are left out on purpose. */
static void put_id(struct facts *device, const struct host *host, const char *root)
{
    static const char *const firmware[] = {"sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/product_name",
                                           "sys/class/dmi/id/board_name", "proc/device-tree/model"};
    uint64_t hash = hash_text(UINT64_C(0xcbf29ce484222325), "pocketmark device");
    char text[256], id[20];
    bool known = false;

    if (!host->live && tree_read_line(root, DEVICE_ID_PATH, id, sizeof id) && is_id(id)) {
        facts_text(device, "device_id", "device", id);
        return;
    }
    if (tree_read_line(root, "etc/machine-id", text, sizeof text) && strcmp(text, "uninitialized") != 0) {
        hash = hash_text(hash, text);
        known = true;
    } else
        for (size_t i = 0; i < sizeof firmware / sizeof firmware[0]; i++) {
            known = tree_read_line(root, firmware[i], text, sizeof text) || known;
            hash = hash_text(hash, text);
        }
    hash = hash_text(hash, host->cpu_name);
    snprintf(id, sizeof id, "d-%016" PRIx64, hash);
    if (known || host->cpu_name[0])
        facts_text(device, "device_id", "device", id);
    else
        facts_null(device, "device_id", "device", "no machine-id, no firmware names, no processor name");
}

/* Chassis types of the SMBIOS specification (7.4.1); NULL for those that say nothing. */
static const char *chassis_kind(uint64_t type)
{
    static const struct {
        unsigned char type;
        const char *kind;
    } kinds[] = {
        {3, "desktop"},  {4, "desktop"},  {5, "desktop"},  {6, "desktop"},  {7, "desktop"},  {13, "desktop"},
        {15, "desktop"}, {16, "desktop"}, {24, "desktop"}, {35, "desktop"}, {36, "desktop"}, {8, "laptop"},
        {9, "laptop"},   {10, "laptop"},  {14, "laptop"},  {31, "laptop"},  {32, "laptop"},  {11, "tablet"},
        {30, "tablet"},  {17, "server"},  {23, "server"},  {25, "server"},  {28, "server"},  {29, "server"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].type == type)
            return kinds[i].kind;
    return NULL;
}

static void put_kind(struct facts *device, const struct host *host, const char *machine_root, const char *root)
{
    const char *kind, *basis;
    char model[128];
    uint64_t type;

    if (host->live && root) {
        kind = "emulated";
        basis = "sensors come from a recorded tree";
    } else if (host->hypervisor[0]) {
        kind = "vm";
        basis = "the processor reports a hypervisor";
    } else if (tree_read_u64(machine_root, "sys/class/dmi/id/chassis_type", &type) == 0 && chassis_kind(type)) {
        kind = chassis_kind(type);
        basis = "chassis type of the firmware";
    } else if (tree_exists(machine_root, "system/build.prop")) {
        kind = "phone";
        basis = "runs Android";
    } else if (tree_read_line(machine_root, "proc/device-tree/model", model, sizeof model)) {
        kind = "sbc";
        basis = "described by a device tree";
    } else {
        kind = host->packages > 1 ? "server" : "desktop";
        basis = host->packages > 1 ? "has several processor packages" : "assumed: nothing says what it is";
    }
    facts_text(device, "kind", "kind", kind);
    facts_text(device, "kind_basis", NULL, basis);
}

void detect_device(struct facts *device, const struct host *host, const struct memory *memory, const char *root)
{
    const char *machine_root = host->live ? NULL : root;

    put_id(device, host, machine_root);
    put_kind(device, host, machine_root, root);
    detect_count(device, "memory_bytes", NULL, memory ? memory->total_bytes : 0, "not in /proc/meminfo");
    detect_facts(device, host, memory, root);
}
