/* devices/dimms and devices/board: memory modules and product names from firmware, whatever it holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/board.h"
#include "devices/dimms.h"
#include "tests/scratch_tree.h"

#define MACHINES "tests/machines/"

struct device { /* of SMBIOS type 17 */
    const char *locator, *bank;
    unsigned mebibytes, type, speed, configured, bits;
};

/* Appends the structure; returns its length. */
static size_t put_device(uint8_t *out, const struct device *d)
{
    uint8_t fixed[0x28] = {17, sizeof fixed};
    size_t used = sizeof fixed;

    fixed[0x0a] = (uint8_t)d->bits, fixed[0x0b] = (uint8_t)(d->bits >> 8);
    fixed[0x0c] = (uint8_t)d->mebibytes, fixed[0x0d] = (uint8_t)(d->mebibytes >> 8);
    fixed[0x10] = 1, fixed[0x11] = 2, fixed[0x12] = (uint8_t)d->type, fixed[0x18] = 3;
    fixed[0x15] = (uint8_t)d->speed, fixed[0x16] = (uint8_t)(d->speed >> 8);
    fixed[0x20] = (uint8_t)d->configured, fixed[0x21] = (uint8_t)(d->configured >> 8);
    memcpy(out, fixed, used);
    used += (size_t)sprintf((char *)out + used, "%s", d->locator) + 1;
    used +=
        (size_t)sprintf((char *)out + used, "%s", *d->bank ? d->bank : "-") + 1; /* an empty one would end them all */
    used += (size_t)sprintf((char *)out + used, "SN-SECRET") + 1;
    out[used++] = 0;
    return used;
}

/* A whole table: something else first, then the devices, then the end. */
static struct dimms read_table(const struct device *devices, size_t count)
{
    static const uint8_t chassis[] = {3, 6, 0, 3, 1, 2, 'A', 'c', 'm', 'e', 0, 0}, end[] = {127, 4, 0, 127, 0, 0};
    uint8_t table[4096];
    size_t used = sizeof chassis;
    struct scratch_tree tree;
    struct dimms dimms;

    memcpy(table, chassis, sizeof chassis);
    for (size_t i = 0; i < count; i++)
        used += put_device(table + used, &devices[i]);
    memcpy(table + used, end, sizeof end);
    scratch_open(&tree);
    scratch_write_bytes(&tree, "sys/firmware/dmi/tables/DMI", table, used + sizeof end);
    dimms_read(&dimms, tree.root);
    scratch_close(&tree);
    return dimms;
}

static void test_two_channels(void **state)
{
    static const struct device devices[] = {
        {"DIMM_A1", "BANK 0", 0, 2, 0, 0, 0}, /* an empty slot */
        {"DIMM_A2", "BANK 1", 16384, 0x22, 5600, 5200, 64},
        {"DIMM_B1", "BANK 2", 8192, 0x22, 5600, 5200, 64},
        {"DIMM_B2", "BANK 3", 8192, 0x22, 5600, 5200, 64},
    };
    struct dimms dimms = read_table(devices, 4);

    (void)state;
    assert_int_equal(dimms.count, 3);
    assert_int_equal(dimms.channels, 2);
    assert_string_equal(dimms.type, "DDR5");
    assert_string_equal(dimms.items[0].locator, "DIMM_A2");
    assert_int_equal(dimms.items[0].bytes, UINT64_C(16) << 30);
    assert_int_equal(dimms.transfers_per_second, UINT64_C(5200000000)); /* as configured, not as rated */
    assert_int_equal(dimms.nominal_bytes_per_second, UINT64_C(83200000000));
    assert_non_null(strstr(dimms.basis, "derived"));
    assert_string_equal(dimms.source, "sys/firmware/dmi/tables/DMI");
    assert_string_equal(dimms.reason, "");
}

static void test_banks_that_tell(void **state)
{
    static const struct device devices[] = {
        {"DIMM 0", "P0 CHANNEL A", 32768 - 1, 0x1a, 3200, 0, 64}, /* 0x7fff: the longer field, here 0, so no size */
        {"DIMM 1", "P0 CHANNEL B", 16384, 0x1a, 3200, 0, 64},
        {"DIMM 1", "P0 CHANNEL C", 16384, 0x1a, 2933, 0, 64},
    };
    struct dimms dimms = read_table(devices, 3);

    (void)state;
    assert_int_equal(dimms.count, 2);
    assert_int_equal(dimms.channels, 2);
    assert_int_equal(dimms.transfers_per_second, UINT64_C(2933000000)); /* all run as slow as the slowest */
    assert_string_equal(dimms.type, "DDR4");
}

static void test_locators_that_do_not_tell(void **state)
{
    static const struct device devices[] = {{"RAM slot #0", "", 4096, 0x1a, 2400, 2400, 64},
                                            {"RAM slot #1", "", 4096, 0x18, 1600, 1600, 64}};
    struct dimms dimms = read_table(devices, 2);

    (void)state;
    assert_int_equal(dimms.count, 2);
    assert_int_equal(dimms.channels, 0);
    assert_int_equal(dimms.nominal_bytes_per_second, 0);
    assert_string_equal(dimms.type, ""); /* not alike */
}

static void test_unknown_figures(void **state)
{
    static const struct device devices[] = {{"DIMM_A1", "", 0xffff, 0x22, 0, 0, 0xffff},
                                            {"DIMM_B1", "", 0x8400, 0xee, 0xffff, 0, 0xffff}};
    struct dimms dimms = read_table(devices, 2);

    (void)state;
    assert_int_equal(dimms.count, 1);                /* an unknown size is no module */
    assert_int_equal(dimms.items[0].bytes, 1 << 20); /* in KiB */
    assert_int_equal(dimms.items[0].transfers_per_second, 0);
    assert_string_equal(dimms.items[0].type, "");
    assert_int_equal(dimms.nominal_bytes_per_second, 0);
}

static void test_broken_tables(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {{"", 0},
                {"\x11", 1},
                {"\x11\x00\x00\x00\x00\x00", 6},
                {"\x11\x28\x00\x00\x41", 5},
                {"\x11\x04\x00\x00xxxxxxx", 11},
                {"\x11\xff\x00\x00\x00\x00\x00\x00", 8}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scratch_tree tree;
        struct dimms dimms;

        scratch_open(&tree);
        scratch_write_bytes(&tree, "sys/firmware/dmi/tables/DMI", rows[i].bytes, rows[i].length);
        scratch_write_bytes(&tree, "sys/firmware/dmi/entries/17-0/raw", rows[i].bytes, rows[i].length);
        dimms_read(&dimms, tree.root);
        scratch_close(&tree);
        assert_int_equal(dimms.count, 0);
        assert_string_not_equal(dimms.reason, "");
    }
}

static void test_edac(void **state)
{
    struct scratch_tree tree;
    struct dimms dimms;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, "sys/devices/system/edac/mc/mc0/dimm0/size", "32768\n");
    scratch_write(&tree, "sys/devices/system/edac/mc/mc0/dimm0/dimm_mem_type", "Registered-DDR5\n");
    scratch_write(&tree, "sys/devices/system/edac/mc/mc0/dimm0/dimm_label", "CPU_SrcID#0_MC#0_Chan#0_DIMM#0\n");
    scratch_write(&tree, "sys/devices/system/edac/mc/mc1/dimm3/size", "0\n");
    scratch_write(&tree, "sys/devices/system/edac/mc/mc2/dimm0/size", "-1\n");
    dimms_read(&dimms, tree.root);
    scratch_close(&tree);
    assert_int_equal(dimms.count, 1);
    assert_string_equal(dimms.type, "DDR5");
    assert_int_equal(dimms.items[0].bytes, UINT64_C(32) << 30);
    assert_int_equal(dimms.nominal_bytes_per_second, 0); /* EDAC knows no speed */
}

static void test_boards(void **state)
{
    struct dimms dimms;

    (void)state;
    dimms_read(&dimms, MACHINES "raspberry-pi-5");
    assert_int_equal(dimms.nominal_bytes_per_second, UINT64_C(17068000000));
    assert_non_null(strstr(dimms.basis, "estimated"));
    dimms_read(&dimms, MACHINES "rk3588-board");
    assert_int_equal(dimms.transfers_per_second, UINT64_C(4224000000)); /* twice the clock */
    assert_string_equal(dimms.type, "");
    dimms_read(&dimms, MACHINES "ultra-laptop");
    assert_int_equal(dimms.count, 4);
    assert_int_equal(dimms.nominal_bytes_per_second, UINT64_C(102400000000));
    assert_string_equal(dimms.source, "sys/firmware/dmi/entries/17-*/raw");
}

/* ---- board ------------------------------------------------------------------------------------------------------------- */

static void test_products(void **state)
{
    struct scratch_tree tree;
    struct board board;

    (void)state;
    board_read(&board, MACHINES "ultra-laptop");
    assert_string_equal(board.vendor, "LENOVO");
    assert_string_equal(board.firmware_date, "02/18/2025");
    assert_string_equal(board.source, "sys/class/dmi/id");
    board_read(&board, MACHINES "jetson-orin");
    assert_string_equal(board.compatible, "nvidia,p3768-0000+p3767-0000 nvidia,p3767-0000 nvidia,tegra234");
    board_read(&board, MACHINES "pixel-phone");
    assert_string_equal(board.soc, "Google GS101");
    scratch_open(&tree);
    scratch_write(&tree, "sys/class/dmi/id/product_name", "System Product Name\n");
    scratch_write(&tree, "sys/class/dmi/id/sys_vendor", "To be filled by O.E.M.\n");
    scratch_write(&tree, "sys/class/dmi/id/board_name", "PRIME B650\n");
    board_read(&board, tree.root);
    scratch_close(&tree);
    assert_string_equal(board.product, ""); /* what the maker forgot to fill in is no name */
    assert_string_equal(board.vendor, "");
    assert_string_equal(board.name, "PRIME B650");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_channels),
        cmocka_unit_test(test_banks_that_tell),
        cmocka_unit_test(test_locators_that_do_not_tell),
        cmocka_unit_test(test_unknown_figures),
        cmocka_unit_test(test_broken_tables),
        cmocka_unit_test(test_edac),
        cmocka_unit_test(test_boards),
        cmocka_unit_test(test_products),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
