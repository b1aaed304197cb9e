/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "storage/head.h"
#include "storage/sealed.h"

/*
 * What sealed.c remembers, shared with reseal.c. Of each row only what identifies its
 * sealing is kept in memory, so that a change can take the old row out of the head's
 * digest.
 */
struct sealed_row {
    enum object_kind kind;
    bool is_stored; /* false while the commit that creates it is under way */
    bool has_payload;
    uint8_t seal[SEAL_OVERHEAD];
    uint8_t payload_key_id[SEAL_KEY_ID_SIZE];
};

/* A row that the commit under way writes or removes. */
struct sealed_pending {
    char key[STORAGE_KEY_SIZE];
    struct sealed_row *row; /* in the map */
    struct sealed_row next; /* what it becomes */
};

struct sealed {
    struct storage *storage;
    struct keyring *keys;
    struct map rows; /* key to struct sealed_row */
    struct head head;
    uint8_t head_seal[SEAL_OVERHEAD];
    bool is_loaded;
    bool has_head; /* the storage has a head row */

    /* The commit under way. */
    bool is_committing;
    size_t n_pending;
    struct sealed_pending *pending;
    struct head next_head;
    uint8_t next_head_seal[SEAL_OVERHEAD];
    struct err refusal; /* why nothing was committed; code 0 when it was */
    storage_committed done;
    void *user;
};
