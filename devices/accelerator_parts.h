/* What the pieces of the accelerators' reader share; private to devices/accelerator*.c. */
#ifndef POCKETMARK_DEVICES_ACCELERATOR_PARTS_H
#define POCKETMARK_DEVICES_ACCELERATOR_PARTS_H

#include "devices/accelerator_table.h"

enum { CLASS_NODES_MAX = 64 };

/* A device's node in the class accel or drm. */
struct class_node {
    bool accel, claimed; /* claimed: it belongs to an accelerator that was found */
    char path[40];       /* "dev/accel/accel0", "dev/dri/renderD128" */
    char address[32], of_name[128],
        pci_id[16]; /* of its device, where it has them: PCI's address and number, the tree's path */
    char driver[32];
};

struct class_nodes {
    struct class_node items[CLASS_NODES_MAX];
    size_t count;
};

/* An accelerator that was found, and where. */
struct accelerator_candidate {
    struct accelerator told;
    const struct accelerator_device *device; /* its row; NULL: in the class accel only */
    char folder[96];                         /* of its files, empty: none */
    char of_name[128];                       /* path in the device tree, or empty */
};

/* Finds out the state of an accelerator whose driver is known or empty: looks for its node (each class node is given out once) and
 * its runtime, and fills in what follows from the driver. rank: how many of the same driver were finished before it. */
void accelerator_finish(struct accelerator_candidate *candidate, struct class_nodes *nodes, size_t rank,
                        const char *root);

#endif
