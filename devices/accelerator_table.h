/* Which accelerators there are, how each is driven, and what its maker claims. */
#ifndef POCKETMARK_DEVICES_ACCELERATOR_TABLE_H
#define POCKETMARK_DEVICES_ACCELERATOR_TABLE_H

#include "devices/accelerators.h"

/* How accelerators of one driver are reached. */
struct accelerator_stack {
    const char *driver; /* as DRIVER in the device's uevent; unique */
    const char *module; /* of the kernel; NULL: of the driver's name */
    const char *
        nodes; /* "accel" or "render" (the classes accel and drm), else files with '#' for a number; '|' between choices */
    const char *group;   /* that may open the node where udev's usual rules apply; NULL: none */
    const char *runtime; /* libraries: all words are needed, of those with '|' between them one */
    const char *load;    /* remedy where no driver is bound: "load …" */
    const char *install; /* what to install where the runtime is missing */
    /* Files of the device's folder: its name, better than the table's; its firmware's version; bytes of its memory. Or NULL. */
    const char *name_file, *firmware_file, *memory_file;
};

/* One device, or all that a match holds for. */
struct accelerator_device {
    enum accelerator_kind kind;
    const char *vendor, *name;
    /* Words, one of which must hold; in a word all parts with '&' between them must. pci:VENDOR[:DEVICE[:REVISION]], class:BEGINNING
     * (of PCI's six digits), of:COMPATIBLE, node:FILE, soc:WORD (the board itself tells: a compatible word of its, or Android's name
     * of the system on a chip), board:WORD (the same as a condition on what is told otherwise). */
    const char *match;
    const char
        *stacks; /* drivers that can drive it, the usual one first; those of one name are one device on a board */
    struct accelerator_claim claim; /* most_tops 0: none known */
};

/* What a device tells of itself; NULL where it does not. */
struct accelerator_identity {
    const char *pci;        /* "8086:7d1d:04" */
    const char *class;      /* "120000" */
    const char *compatible; /* words of the device tree, spaces between them */
    const char *soc;        /* word of the board, where that is all there is */
    const char *board;      /* words of the board */
    const char *node;       /* "dev/edgetpu" */
};

extern const struct accelerator_device accelerator_devices[];
extern const size_t accelerator_device_count;
extern const struct accelerator_stack accelerator_stacks[];
extern const size_t accelerator_stack_count;

/* Does one word of the match hold? */
bool accelerator_matches(const char *match, const struct accelerator_identity *identity);

/* The first row that matches; NULL: none. */
const struct accelerator_device *accelerator_find(const struct accelerator_identity *identity);

/* The stack of that driver; NULL: no such row. */
const struct accelerator_stack *accelerator_stack_of(const char *driver);

/* Takes the next word off a list, with these signs between words; false: none is left. Words that do not fit are cut. */
bool accelerator_next_word(const char **list, const char *signs, char *word, size_t size);

#endif
